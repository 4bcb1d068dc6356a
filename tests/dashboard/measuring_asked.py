"""The Memory page when it is asked to measure: press, and wait for what it says."""

from __future__ import annotations

import time
from typing import Any

from dash import Dash
from seqtoolkit_dashboard import ids

from tests.dashboard.client import call

FAST = 20.0  # seconds, on a busy machine


def act(app: Dash, trigger: str, **values: Any) -> dict[str, Any]:
    return call(app, ids.MEMORY_PROGRESS, trigger, url__search="", **values) or {}


def until_said(app: Dash, words: str) -> str:
    deadline = time.monotonic() + FAST
    while time.monotonic() < deadline:
        said = act(app, "tick.n_intervals").get(ids.MEMORY_PROGRESS, {}).get("children", "")
        if words in said:
            return str(said)
        time.sleep(0.02)
    raise AssertionError(f"{words} was never said")
