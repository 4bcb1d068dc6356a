"""What a regression answers all along a few windows, such as the life that is left, so that it can be drawn."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.tabular.quality import Outputs, ordered
from seqtoolkit.data.tabular.shown import CHANNELS, Shown, in_units
from seqtoolkit.losses import Loss
from seqtoolkit.quality import Example

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

KEPT = 64  # windows among which the worst are looked for
VALUES = 4_000_000  # in all of them
WORST, DRAWN = 6, 2  # that are shown


class SeriesCurves(SequenceMetric):
    """Keeps the answers at all steps of at most KEPT windows, spread evenly over the split."""

    scores: Tensor  # (M * T, V)
    losses: Tensor  # (M * T,)
    times: Tensor  # (M * T,) 1 where a step is asked

    def __init__(self, shown: Shown, outputs: Outputs, loss: Loss) -> None:
        super().__init__()
        self.shown, self.outputs, self.criterion = shown, outputs, loss
        examples, width = shown.examples, len(outputs.names) * max(1, len(outputs.levels))
        self.steps = int(examples.lengths.max())
        most = max(1, min(KEPT, VALUES // (width * self.steps), len(examples)))
        self.kept = torch.linspace(0, len(examples) - 1, most).round().long()  # windows (M,)
        self.count("scores", size=(most * self.steps, width), dtype=torch.float64)
        self.count("losses", size=(most * self.steps,), dtype=torch.float64)
        self.count("times", size=(most * self.steps,))

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Keep what one batch has of the windows that are kept."""
        assert batch.index is not None
        row, step = batch.mask.nonzero(as_tuple=True)
        place = torch.searchsorted(self.kept.to(row.device), batch.index[row]).clamp(max=len(self.kept) - 1)
        wanted = self.kept.to(row.device)[place] == batch.index[row]
        at = (place * self.steps + step)[wanted].to(self.times.device)
        losses = self.criterion(scores[wanted], batch.targets[batch.mask][wanted])
        self.scores.index_add_(0, at, scores[wanted].double().to(at.device))
        self.losses.index_add_(0, at, losses.double().to(at.device))
        self.times.index_add_(0, at, torch.ones_like(at))

    def compute(self) -> dict[str, Tensor]:
        """Return what is kept, for `records`."""
        return {"curves": torch.cat([self.scores, self.losses[:, None], self.times[:, None].double()], 1)}

    def records(self, values: dict[str, Tensor]) -> list[Example]:
        """Return the windows of the largest mean loss, and some that are spread evenly."""
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
        index, steps = int(self.kept[place]), curve[:, -1].nonzero().squeeze(-1)
        truth, times = self.shown.asked(index, steps)
        alone = len(steps) == 1  # one value for all that was read before it
        past = self.shown.past(index, int(steps[0])) if alone else {"past": {}, "labels": {}}
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
