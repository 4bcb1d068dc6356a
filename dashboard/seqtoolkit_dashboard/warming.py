"""Open a first checkpoint while the first page is read: what it imports takes seconds, which no click need wait for."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock, Thread

from flask import Flask, Response, request

from seqtoolkit_dashboard import checkpoints, ids
from seqtoolkit_dashboard.cache import stamp
from seqtoolkit_dashboard.pages import opening
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View


def warm(server: Flask, index: RunIndex) -> None:
    """Open in a thread, at the first tick, which a page sends once it stands, what a page would open unasked.

    The thread is no daemon: torch must not be torn down half loaded, so a server that ends waits for it.
    """
    begun = Lock()

    @server.after_request
    def begin(response: Response) -> Response:
        if not begun.locked() and _ticks() and begun.acquire(blocking=False):
            Thread(target=open_first, args=(index,), name="warming").start()
        return response


def open_first(index: RunIndex) -> None:
    """Open the checkpoint that pages begin with; what is wrong with it is said where it is looked into."""
    view = opening.resolve(index, View())
    with suppress(LookupError, ValueError), checkpoints.one_at_a_time:
        path = opening.find(index, view.look, view.checkpoint)
        checkpoints.opened(path, stamp(path))


def _ticks() -> bool:
    body = request.get_json(silent=True)
    return isinstance(body, dict) and body.get("changedPropIds") == [f"{ids.TICK}.n_intervals"]
