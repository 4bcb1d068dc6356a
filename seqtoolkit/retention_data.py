"""The data of a run, opened for measuring: from its configuration, and only as far as that can do no harm."""

from __future__ import annotations

import hashlib
import importlib
import json
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import torch

from seqtoolkit.batch import Batch
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.resume import harmless, refuse_other_data

NEEDS_DATA = ("recall", "truncation")  # the others are driven by independent inputs


def open_data(checkpoint: Checkpoint, run: Path | None) -> Any:
    """Return the data module (a SequenceData) that a checkpoint was trained on.

    Raises ValueError: the checkpoint has none, its configuration names foreign code, its files are gone or changed.
    """
    config = None if run is None else run / "config.yaml"
    if config is None or not config.is_file():
        raise ValueError(
            f"{checkpoint.path} has no data (no config.yaml of a run beside it), and {' and '.join(NEEDS_DATA)} need"
            " it: move it into its run folder, or choose --protocols decoding,gradient,influence,timescale"
        )
    section = harmless(config).get("data")
    if not section:
        raise ValueError(f"{config} names no data; {' and '.join(NEEDS_DATA)} need it")
    data = _build(config, section, checkpoint.path)
    refuse_other_data(checkpoint.path, checkpoint.described.spec, data.spec)
    return data


def digest(data: Any, run: Path) -> str:
    """Say what the data of a run are: how its configuration reads them, and the sha256 of their files."""
    place, options = _said(harmless(run / "config.yaml")["data"])
    files = data.spec.get("files") or {}
    told = {name: value for name, value in options.items() if name not in files}  # a file may be moved
    words = json.dumps([place, told, files], sort_keys=True, default=str)
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def batches(data: Any, split: str, sequences: int | None = None, seed: int = 0) -> list[Batch]:
    """Return the batches of a split, of so many sequences, drawn by the seed, when there are more."""
    loader = {"val": data.val_dataloader, "test": data.test_dataloader}[split]
    if sequences is None:
        return list(loader())
    sizes = [len(batch) for batch in loader()]
    order = torch.randperm(sum(sizes), generator=torch.Generator().manual_seed(seed))
    chosen = torch.zeros(sum(sizes), dtype=torch.bool)
    chosen[order[:sequences]] = True
    parts = zip(
        loader(), torch.split(chosen, sizes), strict=True
    )  # read anew: a split may be larger than memory
    return [_rows(batch, which) for batch, which in parts if which.any()]


def _rows(batch: Batch, which: torch.Tensor) -> Batch:
    """Keep some sequences of a batch (B,)."""
    tensors: dict[str, Any] = {
        name: value[which] for name, value in vars(batch).items() if isinstance(value, torch.Tensor)
    }
    return replace(batch, **tensors)


def _build(config: Path, section: Any, checkpoint: Path) -> Any:
    from seqtoolkit.data.base import SequenceData  # imports Lightning

    place, options = _said(section)
    module, _, name = str(place).rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise ValueError(f"{config}: there is no data {place!r} in this version of seqtoolkit") from None
    if not (isinstance(kind, type) and issubclass(kind, SequenceData)):
        raise ValueError(f"{config}: {place!r} is no data")
    if "spec_of" in signature(kind).parameters:
        options["spec_of"] = str(checkpoint)
    try:
        return kind(**options)
    except TypeError as error:
        raise ValueError(f"{config}: its data cannot be built ({error})") from None


def _said(section: Any) -> tuple[Any, dict[str, Any]]:
    """Return the class that a section of a configuration names, and its options."""
    if not isinstance(section, dict):
        return section, {}
    return section.get("class_path"), dict(section.get("init_args") or {})
