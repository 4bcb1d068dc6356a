"""Generate store-ignore-recall sequences: a symbol, distractors, then "?", whose answer is the symbol."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from seqtoolkit.data.examples import Examples

DISTRACTORS = 26
MAX_GAP = 8  # distractors between a recall and the next store
Integers = NDArray[np.int64]


def query_token(num_symbols: int) -> int:
    """Return the token id of "?", after the symbols (whose ids are the classes) and the distractors."""
    return num_symbols + DISTRACTORS


def episodes(random: np.random.Generator, n: int, length: int, max_lag: int, num_symbols: int) -> Examples:
    """Draw n training sequences of `length` steps, each full of episodes: gap, store, distractors, recall.

    Lags are log-uniform on 1..max_lag: short ones teach the answer, at which a gradient for the long ones can
    begin; under uniform lags a recurrent network sees next to nothing but delays that it cannot bridge yet.
    """
    shape = (n, length // 2 + 1)
    lag = np.exp(random.uniform(0, np.log(max_lag + 1), shape)).astype(np.int64).clip(1, max_lag)
    ends = (random.integers(0, MAX_GAP + 1, shape) + 1 + lag).cumsum(1)
    row, number = np.nonzero(ends <= length)
    query = row * length + ends[row, number] - 1
    return _place(random, np.full(n, length), query, lag[row, number], num_symbols)


def probes(
    random: np.random.Generator, lags: list[int], per_lag: int, length: int, max_lag: int, num_symbols: int
) -> Examples:
    """Draw `per_lag` sequences for each lag with one recall, at their end, so that answers are independent.

    Distractors before the store make the lags of training (up to `max_lag`) alike in the position of "?", and
    no longer than a training sequence (`length`): only what lies further back than ever trained is longer.
    """
    lag = np.repeat(np.asarray(lags, dtype=np.int64), per_lag)
    lengths = np.maximum(lag, max_lag) + 1 + random.integers(0, length - max_lag, len(lag))
    return _place(random, lengths, lengths.cumsum() - 1, lag, num_symbols)


def _place(
    random: np.random.Generator, lengths: Integers, query: Integers, lag: Integers, num_symbols: int
) -> Examples:
    """Fill sequences with distractors, put "?" at the flat positions `query`, and a symbol `lag` before."""
    total = int(lengths.sum())
    inputs = random.integers(num_symbols, num_symbols + DISTRACTORS, total, dtype=np.uint8)
    targets, lags = np.zeros(total, np.uint8), np.zeros(total, np.int32)
    symbols = random.integers(0, num_symbols, len(query), dtype=np.uint8)
    inputs[query - lag] = targets[query] = symbols
    inputs[query] = query_token(num_symbols)
    lags[query] = lag
    columns = map(torch.from_numpy, (lengths, inputs, targets, lags > 0, lags))
    return Examples(*columns)
