"""An n-gram of symbols: interpolated Kneser-Ney (Kneser & Ney 1995; Chen & Goodman 1999), the rival of text.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def log2_probabilities(train: NDArray[Any], test: NDArray[Any], order: int, size: int) -> Floats:
    """Return the base-2 logarithm of the probability of each test symbol but the first (N - 1,), after those before it.

    The last `order` - 1 symbols are its context. The highest order counts occurrences, the others in how many different
    contexts a symbol occurs. Each order gives a discount of about n1 / (n1 + 2 n2) for each symbol that follows a
    context to the next lower one, and the lowest to the uniform distribution over `size` symbols.

    Raises ValueError when a context of so many symbols does not fit 64 bits.
    """
    if size**order >= 1 << 62:
        raise ValueError(f"{size} symbols in n-grams of {order} do not fit 64 bits; use a lower order")
    counts = _counts(train.astype(np.int64), order, size)
    chances = np.full(len(test) - 1, 1 / size)
    for n, (keys, count) in enumerate(counts, 1):
        asked = _keys(np.concatenate([np.zeros(n, np.int64), test.astype(np.int64)]), n, size)[2:]
        known = np.arange(1, len(test)) >= n - 1  # near the beginning, the longest contexts are not there
        chances = np.where(known, _interpolated(keys, count, asked, size, chances), chances)
    logs: Floats = np.log2(chances)
    return logs


def dynamic_log2_probabilities(
    train: NDArray[Any], test: NDArray[Any], order: int, size: int, every: int
) -> Floats:
    """Return the same (N - 1,) when what was read is counted as well, anew after so many symbols."""
    found = []
    for begin in range(1, len(test), every):
        context = max(0, begin - order)
        logs = log2_probabilities(
            np.concatenate([train, test[:begin]]), test[context : begin + every], order, size
        )
        found.append(logs[begin - context - 1 :])
    return np.concatenate(found)


def _counts(symbols: Ints, order: int, size: int) -> list[tuple[Ints, Ints]]:
    """Return for n = 1 to `order` the n-grams, ascending, and their counts."""
    keys, count = np.unique(_keys(symbols, order, size), return_counts=True)
    found = [(keys, count)]
    for n in range(order - 1, 0, -1):
        keys, count = np.unique(
            found[0][0] % size**n, return_counts=True
        )  # a longer one without its first symbol
        found.insert(0, (keys, count))
    return found


def _keys(symbols: Ints, n: int, size: int) -> Ints:
    """Number the n-grams that end at each symbol from the n-th on."""
    last = len(symbols) - n + 1
    keys = np.zeros(last, np.int64)
    for step in range(n):
        keys = keys * size + symbols[step : step + last]
    return keys


def _interpolated(keys: Ints, count: Ints, asked: Ints, size: int, lower: Floats) -> Floats:
    """Return the probabilities of the n-grams `asked` given those of one order lower."""
    ones, twos = int((count == 1).sum()), int((count == 2).sum())
    discount = (ones + 1) / (ones + 2 * twos + 2)  # never 0, so that nothing is impossible
    contexts, first = np.unique(keys // size, return_index=True)
    totals, kinds = np.add.reduceat(count, first), np.diff([*first, len(keys)])
    own = _found(keys, asked, count)
    total = _found(contexts, asked // size, totals)
    given = discount * _found(contexts, asked // size, kinds)
    mixed = (np.maximum(own - discount, 0) + given * lower) / np.maximum(total, 1)
    return np.where(total > 0, mixed, lower)


def _found(keys: Ints, asked: Ints, values: Ints) -> Ints:
    """Look up ascending keys; 0 for those that are not there."""
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, values[place], 0)
