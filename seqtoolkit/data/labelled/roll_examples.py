"""Rolls as examples of the next frame, whole or cut into pieces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.labelled.sequences import Sequences

EVAL_FRAMES = 32_768  # of a batch without gradients, padding included


def roll_examples(found: Sequences) -> Examples:
    """Make next-frame examples (every frame but the last is read, every one but the first is a target)."""
    ends = found.lengths.cumsum()
    read, asked = (np.ones(len(found.values), dtype=bool) for _ in range(2))
    read[ends - 1] = asked[found.starts] = False
    values = found.values.astype(np.uint8)
    return Examples(
        lengths=torch.from_numpy(found.lengths - 1),
        inputs=torch.from_numpy(values[read]),
        targets=torch.from_numpy(values[asked]),
        mask=torch.ones(int(read.sum()), dtype=torch.bool),
    )


def cut_rolls(found: Sequences, most: int) -> Sequences:
    """Cut rolls into as few equal pieces of at most `most` frames as there can be, none of one frame alone."""
    pieces = np.minimum(-(-found.lengths // most), found.lengths // 2)
    lengths = [
        length // count + (piece < length % count)
        for length, count in zip(found.lengths.tolist(), pieces.tolist(), strict=True)
        for piece in range(count)
    ]
    return replace(found, lengths=np.array(lengths, dtype=np.int64), places=None)


def whole_rolls(examples: Examples) -> Batches:
    """Return batches of all of them, large ones."""
    return Batches(examples, max(EVAL_FRAMES, int(examples.lengths.max())))
