"""Exported programs as files of torch.export (.pt2), which torch alone can run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram


def save(program: ExportedProgram, folder: Path, name: str) -> str:
    """Write a program and return the name of its file."""
    torch.export.save(program, folder / f"{name}.pt2")
    return f"{name}.pt2"


def opened(path: Path) -> Callable[..., Any]:
    """Return a program as a function of its inputs."""
    module: Callable[..., Any] = torch.export.load(path).module()
    return module
