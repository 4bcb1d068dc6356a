"""Store, ignore, recall: for how long can a model answer for a symbol it has seen? Generated from a seed."""

from __future__ import annotations

import string

import numpy as np

from seqtoolkit.codec import Codec
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.metric import SequenceMetric, TokenAccuracy
from seqtoolkit.data.recall_curve import RecallCurve
from seqtoolkit.data.recall_examples import MAX_GAP, episodes, probes
from seqtoolkit.retention.statistics import recall_threshold


class RecallData(SequenceData):
    """Recall at mixed lags: symbols (A, B, ...) among distractors (a, b, ...); "?" asks for the last symbol.

    Training sequences hold many recalls and are drawn anew in every epoch. Of a validation or test sequence only
    the last one counts, at each lag of a grid (1, 2, 3, 4, 6, 8, 12, ...); the grid of the test goes beyond training.

    Args:
        num_symbols: how many symbols can be stored, 2 to 26; guessing reaches 1 / num_symbols
        length: steps of a training sequence, more than max_lag + 8
        max_lag: longest lag in training, in steps
        test_lags: lags of the test; by default the grid up to 4 * max_lag
        batch_size: training sequences in a batch, over all processes together
        train_sequences: training sequences in an epoch
        val_per_lag: validation sequences for each lag
        test_per_lag: test sequences for each lag
        seed: of all that is drawn
    """

    def __init__(
        self,
        num_symbols: int = 8,
        length: int = 128,
        max_lag: int = 64,
        test_lags: list[int] | None = None,
        batch_size: int = 64,
        train_sequences: int = 12_800,
        val_per_lag: int = 100,
        test_per_lag: int = 500,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not 2 <= num_symbols <= 26:
            raise ValueError(f"num_symbols is {num_symbols}; the symbols are 2 to 26 capital letters")
        if max_lag < 1 or length <= max_lag + MAX_GAP:
            raise ValueError(
                f"lags up to {max_lag} do not fit sequences of {length} steps;"
                f" use --data.length {max_lag + MAX_GAP + 1} or more"
            )
        if min(test_lags or [1]) < 1:
            raise ValueError(f"test_lags {test_lags}: a lag is at least 1 step")
        self.length = length
        self.max_lag = max_lag
        self.val_lags = grid(max_lag, max_lag)
        self.test_lags = sorted(set(test_lags or grid(4 * max_lag, max_lag)))
        self.batch_size = batch_size
        self.train_sequences = train_sequences
        self.val_per_lag = val_per_lag
        self.test_per_lag = test_per_lag
        self.seed = seed
        self.num_symbols = num_symbols
        codec = _codec(num_symbols)
        self.spec = {
            "task": "recall",
            "vocab_size": len(codec.symbols),
            "num_classes": num_symbols,
            "codec": codec.to_dict(),
            "chance": 1 / num_symbols,
            "max_lag": max_lag,
        }

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return `token_accuracy` over all lags, and `recall_accuracy`, `horizon` and the curve by lag."""
        lags = {"val": self.val_lags, "test": self.test_lags}[split]
        chance = 1 / self.num_symbols
        settings = {
            "max_lag": self.max_lag,
            "threshold": recall_threshold(chance),
            "data_seed": self.seed,
            "interval": "Wilson; horizon: exact binomial tests, Holm over lags",
            "part": "model",
            "drive": f"recall/{split}",
        }
        return {"tokens": TokenAccuracy(), "recall": RecallCurve(lags, chance, settings)}

    def train_dataloader(self) -> Batches:
        """Return batches of `batch_size` sequences, fresh ones in every epoch."""
        return Batches(self._train(0), self.batch_size * self.length, self.seed, redraw=self._train)

    def val_dataloader(self) -> Batches:
        """Return the validation sequences."""
        return self._probes(1, self.val_lags, self.val_per_lag)

    def test_dataloader(self) -> Batches:
        """Return the test sequences."""
        return self._probes(2, self.test_lags, self.test_per_lag)

    def _train(self, epoch: int) -> Examples:
        random = np.random.default_rng([self.seed, 0, epoch])
        return episodes(random, self.train_sequences, self.length, self.max_lag, self.num_symbols)

    def _probes(self, stream: int, lags: list[int], per_lag: int) -> Batches:
        random = np.random.default_rng([self.seed, stream])
        examples = probes(random, lags, per_lag, self.length, self.max_lag, self.num_symbols)
        return Batches(examples, max(self.batch_size * self.length, int(examples.lengths.max())))


def grid(longest: int, trained: int) -> list[int]:
    """Return 1, 2, 3, 4, 6, 8, 12, ... up to `longest`, with `trained` among them."""
    powers = [2**exponent for exponent in range(longest.bit_length())]
    return sorted({lag for power in powers for lag in (power, power * 3 // 2) if lag <= longest} | {trained})


def _codec(num_symbols: int) -> Codec:
    stored, distractors = string.ascii_uppercase[:num_symbols], string.ascii_lowercase
    symbols = (*stored, *distractors, "?")
    return Codec(symbols, alphabet=symbols, example="seqBtoolkit?", query="?")
