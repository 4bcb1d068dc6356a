"""Examples whose inputs say which they are, for the tests of batches."""

from __future__ import annotations

import torch

from seqtoolkit.batch import Batch
from seqtoolkit.data.examples import Examples


def numbered(lengths: list[int]) -> Examples:
    """Examples whose n-th input is the flat position n."""
    total = sum(lengths)
    flat = torch.arange(1, total + 1)
    return Examples(torch.tensor(lengths), flat, flat + 1000, flat % 3 == 0, flat % 7)


def rows(batches: list[Batch]) -> list[list[int]]:
    return [batch.index.tolist() for batch in batches if batch.index is not None]
