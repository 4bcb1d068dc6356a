"""Where a decoder looks, over a whole split: how sharply, whether rightly, and whether at what it uses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics.utilities import rank_zero_warn

from seqtoolkit.batch import Batch
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.pairing.pair import Alignment
from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.bootstrap import RESAMPLES, Floats, mean_interval
from seqtoolkit.retention.faithfulness import (
    DRAWS,
    LEAST,
    POSITIONS,
    SHUFFLES,
    Replacements,
    faithfulness,
    source_influence,
)
from seqtoolkit.retention.statistics import ALPHA

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

HEADS = 64  # heads that are measured; the states of a metric have a size before there is a model
SAMPLE = 200  # examples whose influence is measured: it costs a forward for each source symbol
_LOGGED = {"entropy": "alignment_entropy", "gold_share": "gold_share", "faithfulness": "faithfulness"}


class AlignmentMeasure(SequenceMetric):
    """Entropy, gold share and faithfulness of the attention weights, while the decoder reads the reference.

    Of models without attention nothing is measured. Each example counts once, whatever its length: the mean over its
    target symbols (those with a gold alignment for the gold share), its end mark included.

    Args:
        examples: N of the split, counted by `Batch.index`.
        symbols: how often each source token occurs: what takes the place of others is drawn from them.
        gold: which (source, target) positions belong together, for the examples where that is known.
        sample: examples whose faithfulness is measured; the seed draws them.
        seed: of all that is drawn.
    """

    looks: Tensor  # (N, 2, HEADS) entropy, gold share
    chance: Tensor  # (N, 2) both of uniform weights
    honesty: Tensor  # (sample, 1 + SHUFFLES, HEADS) faithfulness, and that of shuffled weights
    times: Tensor  # (N,) how often the example was measured: 1, or 0
    heads: Tensor  # of the model, at most HEADS

    def __init__(
        self,
        examples: int,
        symbols: Mapping[int, int],
        gold: Mapping[int, Alignment] | None = None,
        sample: int = SAMPLE,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.symbols = symbols
        self.gold = gold or {}
        self.seed = seed
        drawn = np.random.default_rng(seed).permutation(examples)[:sample].tolist()
        self.sampled = {example: place for place, example in enumerate(drawn)}
        self.add_state("looks", torch.zeros(examples, 2, HEADS), dist_reduce_fx="sum")
        self.add_state("chance", torch.zeros(examples, 2), dist_reduce_fx="sum")
        self.add_state("honesty", torch.zeros(len(drawn), 1 + SHUFFLES, HEADS), dist_reduce_fx="sum")
        self.count("times", size=(examples,))
        self.add_state("heads", torch.tensor(0), dist_reduce_fx="max")

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Measure the examples of a batch."""
        assert batch.index is not None
        weights = _align(model, batch.inputs, batch.mask)
        if weights is None:
            return
        if weights.shape[1] > HEADS:
            rank_zero_warn(f"{weights.shape[1]} heads of attention; the first {HEADS} are measured")
        self.heads = self.heads.clamp(min=min(weights.shape[1], HEADS))
        index, weights = batch.index.to(self.times.device), weights[:, :HEADS].float()
        sources, steps = batch.mask.int().argmax(1), batch.mask.sum(1)
        share, marked = gold_shares(weights, self._gold(batch, weights))
        looks = torch.stack([entropies(weights, steps), share], 1)
        chance = torch.stack([sources.float().log(), marked / sources], 1)
        self.looks[index, :, : looks.shape[2]] += looks
        self.chance[index] += chance
        self.times[index] += 1
        for row, example in enumerate(index.tolist()):
            if example in self.sampled:
                self._compare(model, batch, row, example)

    def compute(self) -> dict[str, Tensor]:
        """Return the mean over heads and examples of each quantity that was measured, and what `records` need."""
        seen = self.times > 0
        if not seen.any():
            return {}
        once = self.times[seen]
        heads = int(self.heads)
        sampled = torch.tensor(list(self.sampled), device=seen.device, dtype=torch.long)
        measured = sampled[seen[sampled]]
        honesty = self.honesty[seen[sampled]] / self.times[measured, None, None]
        values = {
            "looks": self.looks[seen, :, :heads] / once[:, None, None],
            "chance": self.chance[seen] / once[:, None],
            "honesty": honesty[:, :, :heads],
        }
        columns = {"entropy": values["looks"][:, 0], "gold_share": values["looks"][:, 1]}
        columns["faithfulness"] = values["honesty"][:, 0]
        means = {_LOGGED[name]: column.nanmean() for name, column in columns.items()}
        return {**{name: mean for name, mean in means.items() if mean.isfinite()}, **values}

    def records(self, values: dict[str, Tensor]) -> list[AlignmentRecord]:
        """Return each quantity of each head, with its interval and its null."""
        if not values:
            return []
        looks, chance, honesty = (
            values[name].double().cpu().numpy() for name in ("looks", "chance", "honesty")
        )
        how = {
            "interval": "percentile bootstrap over examples",
            "resamples": RESAMPLES,
            "draw_seed": self.seed,
        }
        drawn = {
            "sample": len(self.sampled),
            "draws": DRAWS,
            "positions": POSITIONS,
            "shortest_source": LEAST,
        }
        records = []
        for head in range(looks.shape[2]):
            records += _records(head, "entropy", looks[:, 0, head], chance[:, 0], how)
            records += _records(head, "gold_share", looks[:, 1, head], chance[:, 1], how)
            shuffled = honesty[:, 1:, head]
            spread = {**how, **drawn, "null_interval": _range(shuffled)}
            records += _records(head, "faithfulness", honesty[:, 0, head], shuffled.mean(1), spread)
        return records

    def _gold(self, batch: Batch, weights: Tensor) -> Tensor:
        """Mark the gold positions (B, T, S)."""
        marks = torch.zeros(len(weights), *weights.shape[2:], dtype=torch.bool, device=weights.device)
        assert batch.index is not None
        for row, example in enumerate(batch.index.tolist()):
            for source, target in self.gold.get(example, ()):
                marks[row, target, source] = True
        return marks

    def _compare(self, model: AnyModel, batch: Batch, row: int, example: int) -> None:
        """Measure the faithfulness of one example, alone: so that it does not depend on its company."""
        length = int(batch.lengths[row])
        tokens, mask = batch.inputs[row, :length], batch.mask[row, :length]
        source = int(mask.int().argmax())
        drawn = Replacements.draw(tokens.cpu(), source, self.symbols, [self.seed, example])
        result = np.full((1 + SHUFFLES, HEADS), np.nan)
        if drawn is not None:
            weights = _align(model, tokens[None], mask[None])
            assert weights is not None
            looked = weights[0, :HEADS, :, drawn.positions.to(weights.device)]
            influence = source_influence(model, tokens, mask, drawn.positions, drawn.symbols)
            result[:, : len(looked)] = faithfulness(looked, influence, drawn.shuffles)
        self.honesty[self.sampled[example]] += torch.from_numpy(result).to(self.honesty)


def entropies(weights: Tensor, steps: Tensor) -> Tensor:
    """Return the entropy in nats of weights (B, H, T, S), the mean over the first `steps` (B,) of each row: (B, H)."""
    each = -torch.xlogy(weights, weights).sum(-1)
    real = torch.arange(weights.shape[2], device=weights.device) < steps.unsqueeze(1)  # (B, T)
    return (each * real.unsqueeze(1)).sum(-1) / steps.unsqueeze(1)


def gold_shares(weights: Tensor, gold: Tensor) -> tuple[Tensor, Tensor]:
    """Return the weight inside `gold` (B, T, S), the mean over the steps that have any, (B, H): NaN where none has.

    And how many gold positions such a step has (B,), the mean.
    """
    count = gold.any(-1).sum(1)
    share = (weights * gold.unsqueeze(1)).sum((2, 3)) / count.unsqueeze(1)
    return share, gold.sum((1, 2)) / count


def _align(model: Any, inputs: Tensor, mask: Tensor) -> Tensor | None:
    align = getattr(model, "align", None)
    weights: Tensor | None = None if align is None else align(inputs, mask)
    return weights


def _range(shuffled: Floats) -> list[float]:
    """Return between which values 95 % of the means over examples of shuffled weights lie: of chance alone."""
    defined = shuffled[np.isfinite(shuffled).all(1)]
    low, high = np.quantile(defined.mean(0), [ALPHA / 2, 1 - ALPHA / 2]) if len(defined) else (0.0, 0.0)
    return [float(low), float(high)]


def _records(
    head: int, quantity: str, values: Floats, nulls: Floats, settings: dict[str, Any]
) -> list[AlignmentRecord]:
    """Return the record of one quantity, or none when no example has it."""
    defined = np.isfinite(values) & np.isfinite(nulls)
    if not defined.any():
        return []
    estimate, lower, upper = mean_interval(values[defined])
    null = math.fsum(nulls[defined]) / int(defined.sum())
    n = int(defined.sum())
    return [AlignmentRecord(head, quantity, estimate, lower, upper, null, n, settings=settings)]
