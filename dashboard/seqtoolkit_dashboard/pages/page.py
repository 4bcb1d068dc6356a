"""What every page is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dash import Dash

from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View


@dataclass(frozen=True)
class Page:
    """A path of the URL, what stands there, and the callbacks that keep it up to date."""

    path: str
    title: str
    lead: str  # the sentence under the title
    layout: Callable[[RunIndex, View], Any]
    register: Callable[[Dash, RunIndex], None]
