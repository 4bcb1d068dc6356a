"""Read an example of the data that a run was trained on again: where a model reads numbers, nothing can be typed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.data_summary import Examples, in_units
from seqtoolkit.example_inspection import SHOWN, Example, Read
from seqtoolkit.retention_data import open_data

LONGEST = 16_384  # steps that are read
OTHERS = 8  # examples that give what an input is replaced by
_NAMED = re.compile(r"\s*(train|val|test)\s+(\d{1,12})(?:\s+to\s+(\d{1,12}))?\s*")


def open_example(checkpoint: Checkpoint, name: str) -> Example:
    """Read an example again from the data that a checkpoint's run names.

    Args:
        checkpoint: in its run folder.
        name: a split and a number as `Batch.index` counts, "val 12"; "val 12 to 96" for its first 96 steps.

    Of a file that has changed since training, `Read.changed` says so: there the name may be that of another example.

    Raises ValueError: there is no such example, it is too long, or the data are gone or cannot be read by this model.
    """
    split, number, most = _named(name)
    data = _data(checkpoint)
    examples: Examples = _loader(data, checkpoint, split).examples
    if number >= len(examples):
        raise ValueError(f"{split} has the examples 0 to {len(examples) - 1:,}, and no {number:,}")
    batch = examples.collate(torch.tensor([number]))
    steps = int(batch.lengths[0])
    if most is not None and not 1 <= most <= steps:
        raise ValueError(
            f"{split} {number} has {steps:,} steps; expected a last one from 1 to {steps:,}, got {most:,}"
        )
    if (most or steps) > LONGEST:
        raise ValueError(
            f"{split} {number} has {most or steps:,} steps, and at most {LONGEST:,} are read here;"
            f" type {split} {number} to {LONGEST} for its first ones"
        )
    seen = _example(batch, checkpoint.described.spec, name.strip(), most or steps, _others(examples, number))
    return replace(seen, read=replace(seen.read, changed=_changed(checkpoint.described.spec, data.spec)))


def _named(name: str) -> tuple[str, int, int | None]:
    found = _NAMED.fullmatch(name)
    if not found:
        raise ValueError(
            f"{name!r:.80} names no example, and this model reads numbers, which cannot be typed: give a split and the"
            " number of an example, such as val 0 or test 12, or val 0 to 96 for its first 96 steps"
        )
    split, number, most = found.groups()
    return split, int(number), None if most is None else int(most)


def _data(checkpoint: Checkpoint) -> Any:
    run = _run(checkpoint)
    if not (run / "config.yaml").is_file():
        raise ValueError(
            f"{run.name} keeps no config.yaml, which says where its data are: its examples cannot be read again"
        )
    try:
        return open_data(checkpoint, run)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"the data of {run.name} cannot be read again ({error}); put them back where they were, and start from"
            " the folder where it was trained if its paths are relative"
        ) from None


def _loader(data: Any, checkpoint: Checkpoint, split: str) -> Any:
    try:
        return getattr(data, f"{split}_dataloader")()
    except ValueError as error:
        raise ValueError(f"{_run(checkpoint).name} has no {split} examples ({error})") from None


def _run(checkpoint: Checkpoint) -> Path:
    return checkpoint.path.resolve().parent.parent


def _changed(trained: dict[str, Any], found: dict[str, Any]) -> tuple[str, ...]:
    """Name the options of the data whose file is known in both specs, and differs."""
    was, now = trained.get("files") or {}, found.get("files") or {}
    return tuple(name for name in now if was.get(name, now[name]) != now[name])


def _others(examples: Examples, number: int) -> Batch | None:
    """Draw other examples of the split, always the same; None where there is only one."""
    order = np.random.default_rng(0).choice(len(examples), min(len(examples), OTHERS + 1), replace=False)
    rows = [row for row in order.tolist() if row != number][:OTHERS]
    return examples.collate(torch.tensor(rows)) if rows else None


def _example(batch: Batch, spec: dict[str, Any], name: str, steps: int, others: Batch | None) -> Example:
    inputs, first = batch.inputs[:, :steps], max(0, steps - SHOWN)
    channels, values = (
        in_units(inputs[0, first:], spec) if inputs.ndim == 3 else ([], np.zeros((steps - first, 0)))
    )
    scaled = inputs[0, first:].T.numpy() if inputs.ndim == 3 else np.zeros((0, steps - first), np.float32)
    asked = batch.mask[0, :steps].clone()
    asked[-1] |= not asked[first:].any()  # of what is cut before its answer, the last step answers
    return Example(
        Read(name, first, channels, values.T, scaled), inputs, asked, _at_each_step(inputs, others)
    )


def _at_each_step(inputs: Tensor, others: Batch | None) -> Tensor:
    """Return what replaces each step (K, S, ...): the same one of each other example, or its last where it is shorter.

    Without other examples, it is another step of the same one.
    """
    steps = inputs.shape[1]
    if others is None:
        random = torch.Generator().manual_seed(0)
        return torch.stack([inputs[0, torch.randperm(steps, generator=random)] for _ in range(OTHERS)])
    at = torch.minimum(torch.arange(steps), others.lengths[:, None] - 1)  # (K, S)
    return others.inputs[torch.arange(len(others))[:, None], at]
