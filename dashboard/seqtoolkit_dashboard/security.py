"""Refuse requests that only look local, and tell the browser to run and load nothing but our own files."""

from __future__ import annotations

from dash import Dash
from flask import Response, request

MAX_REQUEST = 1 << 20  # bytes
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def secure(app: Dash) -> None:
    """Check Host and Origin of every request, and add security headers to every response."""
    app.server.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST

    def add_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = policy(app)
        return response

    app.server.before_request(_refusal)
    app.server.after_request(add_headers)


def policy(app: Dash) -> str:
    """Return the content security policy; styles are inline because the component libraries write them so."""
    scripts = " ".join(app.csp_hashes())
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'"
    )


def _refusal() -> tuple[str, int] | None:
    """Refuse names that another site could point here (DNS rebinding), and requests from other sites."""
    port = request.environ["SERVER_PORT"]
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
    if port == "80":
        hosts |= {"127.0.0.1", "localhost"}
    if request.host not in hosts:
        return f"This dashboard answers only to http://127.0.0.1:{port}.\n", 403
    if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
        return "This dashboard answers only to its own pages.\n", 403
    return None
