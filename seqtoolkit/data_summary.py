"""Look at the training data once, when a run begins, so that a page can show them without reading them again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data_record import LEVELS, NAME, Bins, DataSummary, Shown, Spread
from seqtoolkit.files import write_json

MOST = 1000  # sequences that are looked at
NUMBERS = 2_000_000  # of inputs that are looked at: bounds time and memory
BINS, NAMES, CHANNELS = 40, 60, 40  # that are kept
ROUNDING = 1e-7  # of the largest value: what lies below it is a 0 that was scaled in single precision
SHOWN, STEPS, LINES = 6, 96, 6  # sequences that are shown, their steps, and channels of each
Floats = NDArray[np.float64]


class Examples(Protocol):
    """N sequences."""

    @property
    def lengths(self) -> Tensor:
        """Steps of each (N,)."""

    def __len__(self) -> int: ...

    def collate(self, rows: Tensor) -> Batch:
        """Return some of them as a batch."""


class Loader(Protocol):
    """The batches of a split."""

    @property
    def examples(self) -> Examples:
        """What they are made of."""

    def __len__(self) -> int: ...


def store(run: Path, spec: dict[str, Any], loaders: Mapping[str, Loader], test: Callable[[], Loader]) -> None:
    """Write data.json into a run folder, unless it is there; of the test split, where there is one, only its size."""
    if (run / NAME).exists():
        return
    with suppress(ValueError):  # the data may have no test, as the data module says when it is asked for one
        loaders = {**loaders, "test": test()}
    write_json(run / NAME, summarise(spec, loaders).to_dict())


def summarise(spec: dict[str, Any], loaders: Mapping[str, Loader]) -> DataSummary:
    """Count the splits, and look at a sample of "train"; the loaders stay where they are, and nothing is drawn anew.

    Args:
        spec: of the data module, see `SequenceData`.
        loaders: by split.
    """
    batch = _sample(loaders["train"].examples)
    target = str(spec.get("target", "classes"))
    splits = {name: {"examples": len(one.examples), "batches": len(one)} for name, one in loaders.items()}
    codec = Codec.from_dict(spec["codec"]) if "codec" in spec else None
    return DataSummary(
        task=str(spec.get("task", "")),
        target=target,
        sampled=len(batch),
        splits=splits,
        lengths=bins(loaders["train"].examples.lengths.numpy()),
        supervised=float(batch.mask.sum() / len(batch)),
        **_read(batch, spec, codec),
        **_asked(batch, spec, codec, target),
        lags=bins(batch.lag[batch.mask].numpy()) if batch.lag is not None else Bins(),
        shown=[_shown(batch, row, spec, codec, target) for row in range(min(SHOWN, len(batch)))],
    )


def bins(values: NDArray[np.int64], most: int = BINS) -> Bins:
    """Count whole numbers in at most so many bins of equal width."""
    if not len(values):
        return Bins()
    low, high = int(values.min()), int(values.max())
    width = max(1, -(-(high - low + 1) // most))
    counts = np.bincount((values - low) // width)
    begins = [low + width * place for place in range(len(counts))]
    return Bins(begins, [begin + width - 1 for begin in begins], counts.tolist())


def _sample(examples: Examples) -> Batch:
    """Draw sequences by chance, fewer where they are long or wide."""
    count, longest = len(examples), int(examples.lengths.max())
    one = examples.collate(torch.tensor([0]))
    width = one.inputs[0, 0].numel() + one.targets[0, 0].numel()
    wanted = min(MOST, max(SHOWN, NUMBERS // (longest * width)), count)
    rows = np.random.default_rng(0).choice(count, wanted, replace=False)
    return examples.collate(torch.from_numpy(rows))


def _read(batch: Batch, spec: dict[str, Any], codec: Codec | None) -> dict[str, Any]:
    """Return the symbols that are read, or the channels."""
    real = torch.arange(batch.inputs.shape[1]) < batch.lengths[:, None]
    if batch.inputs.ndim == 2:
        counted = Counter(_names(batch.inputs[real], codec.symbols if codec else ()))
        return {"symbols": dict(counted.most_common(NAMES))}
    names, values = in_units(batch.inputs[real], spec)
    # filled in here, so counted before
    missing = [*spec.get("inputs", {}).get("missing", []), *[0.0] * values.shape[1]]
    spreads = map(_spread, names[:CHANNELS], values.T)
    return {
        "channels": [
            replace(one, missing=max(one.missing, share))
            for one, share in zip(spreads, missing, strict=False)
        ]
    }


def _asked(batch: Batch, spec: dict[str, Any], codec: Codec | None, target: str) -> dict[str, Any]:
    """Return the balance of the classes or labels that are asked for, or the values."""
    asked = batch.targets[batch.mask]
    if target == "classes":
        counted = Counter(_names(asked, _classes(spec, codec)))
        order = {name: place for place, name in enumerate(_classes(spec, codec))}
        kept = sorted(
            (name for name, _ in counted.most_common(NAMES)), key=lambda name: order.get(name, len(order))
        )
        return {"classes": {name: counted[name] for name in kept}}
    if target == "labels":
        shares = asked.double().nanmean(0).nan_to_num(0.0).tolist()
        named = spec.get("outputs", {}).get("names") or spec.get("classes", [])
        names = _padded(named, len(shares), "label")
        return {"labels": dict(list(zip(names, shares, strict=True))[:NAMES])}
    given = spec.get("outputs", {})
    names, ahead = _outputs(spec, asked.shape[1])
    columns = (
        asked[:, : ahead * len(names)].reshape(len(asked), len(names), ahead).transpose(1, 2).flatten(0, 1)
    )
    values = _in_units(columns, given.get("center", []), given.get("scale", []))
    return {"outputs": [_spread(*pair) for pair in zip(names[:CHANNELS], values.T, strict=False)]}


def _shown(batch: Batch, row: int, spec: dict[str, Any], codec: Codec | None, target: str) -> Shown:
    """Return the beginning of a sequence."""
    length = int(batch.lengths[row])
    steps = slice(0, min(length, STEPS))
    mask = batch.mask[row, steps]
    asked = ["?"] * len(mask)
    if target == "classes":
        asked = _names(batch.targets[row, steps], _classes(spec, codec))
    elif target in ("values", "quantiles"):
        asked = _next_values(batch.targets[row, steps], spec)
    kept = [name if wanted else "" for name, wanted in zip(asked, mask.tolist(), strict=True)]
    if batch.inputs.ndim == 2:
        return Shown(length, kept, read=_names(batch.inputs[row, steps], codec.symbols if codec else ()))
    names, values = in_units(batch.inputs[row, steps], spec)
    lines = {
        name: [_short(value) for value in line]
        for name, line in list(zip(names, values.T.tolist(), strict=True))[:LINES]
    }
    return Shown(length, kept, values=lines)


def _outputs(spec: dict[str, Any], width: int) -> tuple[list[str], int]:
    """Name the values that are asked for in `width` columns, and count the steps ahead, which lie side by side."""
    names = list(spec.get("outputs", {}).get("names", [])) or _padded([], width, "output")
    return names, max(1, width // len(names))


def _next_values(targets: Tensor, spec: dict[str, Any]) -> list[str]:
    """Write what is asked at each step (T, V): the first outputs, one step ahead, in their units; ? where unknown."""
    names, ahead = _outputs(spec, targets.shape[1])
    given = spec.get("outputs", {})
    nearest = targets[:, : ahead * len(names) : ahead][:, :LINES]
    values = _in_units(nearest, given.get("center", []), given.get("scale", []))
    return [" ".join(f"{_short(v):.5g}" if np.isfinite(v) else "?" for v in row) for row in values.tolist()]


def in_units(inputs: Tensor, spec: dict[str, Any]) -> tuple[list[str], Floats]:
    """Return the names of features (N, F), and their values in the user's units, as far as the spec has them."""
    given = spec.get("inputs", {})
    values = _in_units(inputs, given.get("center", []), given.get("scale", []))
    return _padded(_features(spec), values.shape[1], "feature"), values


def _names(numbers: Tensor, names: Sequence[str]) -> list[str]:
    return [names[number] if 0 <= number < len(names) else str(number) for number in numbers.tolist()]


def _classes(spec: dict[str, Any], codec: Codec | None) -> Sequence[str]:
    return (codec.labels or codec.symbols[codec.offset :]) if codec else spec.get("classes", [])


def _features(spec: dict[str, Any]) -> list[str]:
    """Name the features: the channels, then the marks of those that miss values, as an exported layout does."""
    return [
        *spec.get("inputs", {}).get("channels", []),
        *(f"{name} known" for name in spec.get("masked", [])),
    ]


def _padded(names: Sequence[str], count: int, kind: str) -> list[str]:
    """Name `count` columns: those without a name by their number."""
    return [str(names[place]) if place < len(names) else f"{kind} {place + 1}" for place in range(count)]


def _in_units(values: Tensor, center: Sequence[float], scale: Sequence[float]) -> Floats:
    """Return columns (N, F) in the user's units, as far as it is known how they were scaled."""
    columns: Floats = values.double().numpy().copy()
    known = min(len(center), len(scale), columns.shape[1])
    columns[:, :known] = columns[:, :known] * np.asarray(scale[:known]) + np.asarray(center[:known])
    return columns


def _spread(name: str, values: Floats) -> Spread:
    known = values[np.isfinite(values)]
    known = np.where(np.abs(known) < ROUNDING * np.abs(known).max(initial=0.0), 0.0, known)
    quantiles = [_short(value) for value in np.quantile(known, LEVELS)] if len(known) else []
    return Spread(name, quantiles, missing=1 - len(known) / max(1, len(values)))


def _short(value: float) -> float:
    """Return a number as it is shown, so that the file stays small; what is not finite as 0."""
    return float(f"{value:.5g}") if np.isfinite(value) else 0.0
