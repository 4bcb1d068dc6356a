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
    lag = _lags(random, shape, max_lag)
    ends = (random.integers(0, MAX_GAP + 1, shape) + 1 + lag).cumsum(1)
    row, number = np.nonzero(ends <= length)
    query = row * length + ends[row, number] - 1
    return _place(random, np.full(n, length), query, lag[row, number], num_symbols)


def probes(
    random: np.random.Generator, lags: list[int], per_lag: int, length: int, max_lag: int, num_symbols: int
) -> Examples:
    """Draw `per_lag` sequences for each lag. Of each only the last recall counts, so that answers are independent.

    What comes before its store is drawn as in training, recalls with other lags that nobody counts: whoever fails
    has forgotten, and did not merely meet more idle steps than ever before. The lags of training (up to `max_lag`)
    are alike in the position of the last "?", and no longer than a training sequence (`length`): only what lies
    further back than ever trained is longer.
    """
    lag = np.repeat(np.asarray(lags, dtype=np.int64), per_lag)
    lengths = np.maximum(lag, max_lag) + 1 + random.integers(0, length - max_lag, len(lag))
    last = lengths.cumsum() - 1
    before, earlier = _earlier(random, lengths - 1 - lag, last - lag, max_lag)
    query, each = np.concatenate([last, before]), np.concatenate([lag, earlier])
    return _place(random, lengths, query, each, num_symbols, asked=len(last))


def _earlier(
    random: np.random.Generator, room: Integers, store: Integers, max_lag: int
) -> tuple[Integers, Integers]:
    """Fill the `room` steps (n,) before each store, backwards, with episodes; return their flat queries and lags.

    At most MAX_GAP steps are left at the beginning, as in training.
    """
    queries, lags = list[Integers](), list[Integers]()
    while (room > MAX_GAP).any():
        store, room = store[room > MAX_GAP], room[room > MAX_GAP]
        gap = np.minimum(random.integers(0, MAX_GAP + 1, len(room)), room - 2)
        back = 1 + gap  # from a store to the "?" before it
        lag = np.minimum(_lags(random, len(room), max_lag), room - back)
        queries.append(store - back)
        lags.append(lag)
        store, room = store - back - lag, room - back - lag
    return np.concatenate([*queries, room[:0]]), np.concatenate([*lags, room[:0]])


def _lags(random: np.random.Generator, shape: int | tuple[int, int], max_lag: int) -> Integers:
    """Draw lags that are log-uniform on 1..max_lag."""
    return np.exp(random.uniform(0, np.log(max_lag + 1), shape)).astype(np.int64).clip(1, max_lag)


def _place(
    random: np.random.Generator,
    lengths: Integers,
    query: Integers,
    lag: Integers,
    num_symbols: int,
    asked: int | None = None,
) -> Examples:
    """Fill sequences with distractors, put "?" at the flat positions `query`, and a symbol `lag` before.

    Only the first `asked` of them are supervised; all by default.
    """
    total = int(lengths.sum())
    inputs = random.integers(num_symbols, num_symbols + DISTRACTORS, total, dtype=np.uint8)
    targets, lags = np.zeros(total, np.uint8), np.zeros(total, np.int32)
    symbols = random.integers(0, num_symbols, len(query), dtype=np.uint8)
    inputs[query - lag] = symbols
    inputs[query] = query_token(num_symbols)
    targets[query[:asked]], lags[query[:asked]] = symbols[:asked], lag[:asked]
    columns = map(torch.from_numpy, (lengths, inputs, targets, lags > 0, lags))
    return Examples(*columns)
