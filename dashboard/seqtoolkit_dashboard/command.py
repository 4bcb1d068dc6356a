"""`seqtoolkit dashboard RUNS_DIR`: serve the dashboard on this machine, and only to it."""

from __future__ import annotations

import argparse
import errno
import logging
import socket
import sys
from pathlib import Path

HOST = "127.0.0.1"
THREADS = 8  # a browser opens six connections: a slow checkpoint never holds up other pages


def main(argv: list[str]) -> int:
    """Look at training runs in a browser: curves, attention, and how far back each model remembers."""
    arguments = _parser().parse_args(argv)
    runs_dir: Path = arguments.runs_dir
    if problem := _unusable(runs_dir):
        return _fail(problem)
    try:
        listening = socket.create_server((HOST, arguments.port))
    except OSError as error:
        return _fail(_no_port(arguments.port, error))
    with listening:
        return _serve(runs_dir, listening)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("seqtoolkit dashboard", description=main.__doc__)
    parser.add_argument("runs_dir", type=Path, metavar="RUNS_DIR", help="the folder of the run folders")
    parser.add_argument("--port", type=_port, default=8050, help="the port to listen on, 0 for any (8050)")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: expected a number from 0 to 65535")
    return int(text)


def _serve(runs_dir: Path, listening: socket.socket) -> int:
    from waitress.server import create_server

    from seqtoolkit_dashboard.app import create_app
    from seqtoolkit_dashboard.runs import RunIndex
    from seqtoolkit_dashboard.security import MAX_REQUEST
    from seqtoolkit_dashboard.warming import warm

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a browser's burst of requests is no news
    app = create_app(runs_dir)
    warm(app.server, RunIndex(runs_dir))
    server = create_server(
        app.server, sockets=[listening], threads=THREADS, ident=None, max_request_body_size=MAX_REQUEST
    )
    url = f"http://{HOST}:{server.effective_port}"
    print(f"seqtoolkit dashboard of {runs_dir}: {url} (Ctrl-C ends it)", flush=True)
    server.run()
    return 0


def _unusable(path: Path) -> str:
    """Say why a folder cannot be listed, and what to give instead; empty when it can."""
    try:
        next(path.iterdir(), None)
    except NotADirectoryError:
        return f"{path} is not a folder; give the folder that holds the run folders, for example: runs/"
    except FileNotFoundError:
        return f"there is no folder {path}; give the folder of your runs, or train one: seqtoolkit fit --help"
    except OSError as error:
        return f"cannot list {path} ({error.strerror}); give a folder that you may read"
    return ""


def _no_port(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use, perhaps by another dashboard; choose another: --port {port % 65535 + 1}"
        )
    return f"cannot listen on port {port} ({error.strerror}); choose another: --port 8050"


def _fail(message: str) -> int:
    print(f"seqtoolkit dashboard: {message}", file=sys.stderr)
    return 2
