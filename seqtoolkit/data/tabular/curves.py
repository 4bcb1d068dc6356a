"""What a regression answers all along a few series, such as the life that is left, so that it can be drawn."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.tabular.examples import SeriesExamples
from seqtoolkit.data.tabular.quality import Outputs, ordered
from seqtoolkit.data.tabular.shown import CHANNELS, Shown, in_units
from seqtoolkit.losses import Loss
from seqtoolkit.quality import Example

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

KEPT = 64  # groups among which the worst are looked for
STEPS = 512  # that are kept of one: its last
VALUES = 4_000_000  # in all of them
WORST, DRAWN = 6, 2  # that are shown


class SeriesCurves(SequenceMetric):
    """Keeps the answers along at most KEPT groups, spread evenly over the split: their windows are joined again."""

    scores: Tensor  # (M * T, V)
    losses: Tensor  # (M * T,)
    times: Tensor  # (M * T,) 1 where a row is asked

    def __init__(self, shown: Shown, outputs: Outputs, loss: Loss) -> None:
        super().__init__()
        self.shown, self.outputs, self.criterion = shown, outputs, loss
        width = len(outputs.names) * max(1, len(outputs.levels))
        begin, end, self.last = _stretches(shown.examples)
        self.steps = min(STEPS, int((end - begin).max()))
        most = max(1, min(KEPT, VALUES // (width * self.steps), len(end)))
        self.kept = torch.linspace(0, len(end) - 1, most).round().long()  # groups (M,)
        self.end = end[self.kept]  # the row after the last that is asked (M,)
        self.begin = (self.end - self.steps).maximum(begin[self.kept])
        self.count("scores", size=(most * self.steps, width), dtype=torch.float64)
        self.count("losses", size=(most * self.steps,), dtype=torch.float64)
        self.count("times", size=(most * self.steps,))

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Keep what one batch has of the rows that are kept."""
        assert batch.index is not None
        window, step = (one.cpu() for one in batch.mask.nonzero(as_tuple=True))
        row = self.shown.examples.starts[batch.index.cpu()[window]] + step
        place = (torch.searchsorted(self.begin, row, right=True) - 1).clamp(min=0)
        wanted = (row >= self.begin[place]) & (row < self.end[place])
        at = (place * self.steps + row - self.begin[place])[wanted].to(self.times.device)
        kept = wanted.to(scores.device)
        losses = self.criterion(scores[kept], batch.targets[batch.mask][kept])
        self.scores.index_add_(0, at, scores[kept].double().to(at.device))
        self.losses.index_add_(0, at, losses.double().to(at.device))
        self.times.index_add_(0, at, torch.ones_like(at))

    def compute(self) -> dict[str, Tensor]:
        """Return what is kept, for `records`."""
        return {"curves": torch.cat([self.scores, self.losses[:, None], self.times[:, None].double()], 1)}

    def records(self, values: dict[str, Tensor]) -> list[Example]:
        """Return the groups of the largest mean loss, and some that are spread evenly."""
        curves = values["curves"].cpu().view(len(self.kept), self.steps, -1)  # (M, T, V + 2)
        asked = curves[..., -1].sum(1)
        means = curves[..., -2].sum(1) / asked.clamp(min=1)
        seen = asked.nonzero().squeeze(-1).tolist()
        worst = heapq.nlargest(WORST, seen, key=lambda place: float(means[place]))
        rest = [place for place in seen if place not in worst]
        drawn = rest[len(rest) // 4 :: max(1, len(rest) // DRAWN)][:DRAWN]
        return [
            self._example(place, curves[place], float(means[place]), chosen)
            for chosen, places in (("worst", worst), ("drawn", drawn))
            for place in places
        ]

    def _example(self, place: int, curve: Tensor, loss: float, chosen: str) -> Example:
        index, steps = int(self.last[self.kept[place]]), curve[:, -1].nonzero().squeeze(-1)
        rows = int(self.begin[place]) + steps
        truth, times = self.shown.asked(rows)
        alone = len(steps) == 1  # one value for all that was read before it
        step = int(rows[0]) - int(self.shown.examples.starts[index])
        past = self.shown.past(index, step) if alone else {"past": {}, "labels": {}}
        return Example(
            index=index,
            loss=loss,
            chosen=chosen,
            past=past["past"],
            future={name: truth[name] for name in self.outputs.names[:CHANNELS]},
            forecast=self._answers(curve[steps, :-2]),
            quantiles=list(self.outputs.levels),
            labels={**past["labels"], "future": times},
            settings={"steps": "asked" if not alone else "ahead"},
        )

    def _answers(self, scores: Tensor) -> dict[str, list[list[float]]]:
        """Return for each output and level the values of the asked steps, in the user's units."""
        names = self.outputs.names[:CHANNELS]
        answers = ordered(scores.reshape(len(scores), len(self.outputs.names), -1))  # (T, K, Q)
        return {
            name: [in_units(self.shown.plan, name, level) for level in answers[:, number].T]
            for number, name in enumerate(names)
        }


def _stretches(examples: SeriesExamples) -> tuple[Tensor, Tensor, Tensor]:
    """Return of each series, in order, its first row that is asked, the one after its last, and its last window."""
    lows, series = torch.unique(examples.lows, return_inverse=True)
    begin = torch.full_like(lows, torch.iinfo(torch.long).max)
    begin.scatter_reduce_(0, series, examples.starts + examples.firsts, "amin")
    end = torch.zeros_like(lows).scatter_reduce_(0, series, examples.starts + examples.lengths, "amax")
    last = torch.zeros_like(lows).scatter_reduce_(0, series, torch.arange(len(series)), "amax")
    return begin, end, last
