"""The protocols by name, and the independent inputs that drive most of them."""

from __future__ import annotations

import importlib
from typing import Any

from torch import Tensor

from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.view import View

MOST_SYMBOLS = 128  # that drive a model: enough to ask for, and decoding finds a readout for each


def find_protocol(name: str) -> Any:
    """Return the function of a protocol: (view, inputs, lags, *, seed) -> records, the main curve first."""
    return getattr(importlib.import_module(f"seqtoolkit.retention.{name}"), name)


def independent(seen: View, n: int, steps: int, seed: int) -> Tensor:
    """Draw independent inputs; of a large vocabulary, symbols that are spread over it evenly."""
    every = max(1, -(-seen.vocab_size // MOST_SYMBOLS))
    return drive(seen, n, steps, seed, range(0, seen.vocab_size, every) if every > 1 else None)
