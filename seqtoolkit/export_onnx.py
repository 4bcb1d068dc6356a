"""Exported programs as ONNX files, for runtimes without torch."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from seqtoolkit.export import first_line, leaves, quietly


def save(program: ExportedProgram, folder: Path, name: str) -> str:
    """Write a program and return the name of its file.

    Raises ValueError when the packages of ONNX are missing, or it cannot say what the program does.
    """
    try:
        import onnxruntime  # noqa: F401  (a file is not written unless it can be checked)
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed: pip install 'seqtoolkit[onnx]'") from None
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it lists the packages it did not find
    try:
        with quietly():
            made = torch.onnx.export(program, dynamo=True, verbose=False)
        assert made is not None
        made.save(folder / f"{name}.onnx")
    except torch.onnx.errors.OnnxExporterError as error:
        raise ValueError(f"ONNX cannot express this model ({first_line(error)}): --format torch") from None
    return f"{name}.onnx"


def opened(path: Path) -> Callable[..., Any]:
    """Return a program as a function of inputs, as deep as you like; it returns scores, and all else in one list."""
    from onnxruntime import InferenceSession

    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]

    def run(*inputs: Any) -> tuple[Tensor, list[Tensor]]:
        fed = {name: part.numpy() for name, part in zip(names, leaves(inputs), strict=True)}
        scores, *after = map(torch.from_numpy, session.run(None, fed))
        return scores, after

    return run
