"""What becomes of the missing values of sequences: refused, or filled from their past, with or without a mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from seqtoolkit.data.labelled.sequences import Floats, Sequences

Missing = Literal["error", "forward", "mask"]


def refuse_gaps(found: Sequences) -> None:
    """Raise ValueError with the place of the first missing value, if there is one."""
    gone = np.isnan(found.values)
    if gone.any():
        step, channel = np.argwhere(gone)[0].tolist()
        row = found.owner(step)
        raise ValueError(
            f"{found.where(row)}: channel {found.channels[channel]!r} has no value at step"
            f" {step - found.starts[row] + 1} ({gone.sum():,} are missing in all). Fill it in, or choose"
            " --data.missing forward (the last value known before it) or mask (likewise, and a channel that says which"
            " values are known)"
        )


def gapped(found: Sequences) -> list[str]:
    """Name the channels that miss a value somewhere."""
    return [found.channels[number] for number in np.flatnonzero(np.isnan(found.values).any(0))]


def fill_gaps(found: Sequences, scaled: Floats, masked: Sequence[str]) -> Floats:
    """Carry the last known value forward within each sequence; before the first one it is the mean, 0.

    Args:
        found: the sequences, with the names of the channels.
        scaled: their values (L, F), as the model reads them, NaN where missing.
        masked: M channels that get a channel behind all others, 1 where a value was there and 0 where not.

    Returns (L, F + M).
    """
    known = ~np.isnan(scaled)
    marks = [known[:, [found.channels.index(name)]] for name in masked]
    if known.all():
        return np.concatenate([scaled, *marks], 1).astype(np.float32) if marks else scaled
    begins = np.repeat(found.starts, found.lengths)[:, None]  # where the sequence of each step begins (L, 1)
    steps = np.arange(len(scaled))[:, None]
    latest = np.maximum.accumulate(np.where(known, steps, -1), axis=0)
    filled = np.take_along_axis(scaled, np.maximum(latest, 0), 0)
    return np.concatenate([np.where(latest >= begins, filled, 0), *marks], 1).astype(np.float32)
