"""Forecasts of a few windows, kept whole, so that they can be drawn beside the truth; the worst ones first."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

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

KEPT = 512  # forecasts among which the worst are looked for
VALUES = 4_000_000  # in all of them
WORST, DRAWN = 6, 2  # that are shown


class SeriesForecasts(SequenceMetric):
    """Keeps the forecast in the middle of each of at most KEPT windows, spread evenly over the split."""

    scores: Tensor  # (M, V)
    losses: Tensor  # (M,)
    times: Tensor  # (M,) 1 where the forecast was made and has a target

    def __init__(self, shown: Shown, outputs: Outputs, loss: Loss) -> None:
        super().__init__()
        self.shown, self.outputs, self.criterion = shown, outputs, loss
        width = len(outputs.names) * outputs.horizon * max(1, len(outputs.levels))
        examples = shown.examples
        most = max(1, min(KEPT, VALUES // width, len(examples)))
        self.kept = torch.linspace(0, len(examples) - 1, most).round().long()  # windows (M,)
        self.middle = (examples.firsts + examples.lengths)[self.kept] // 2  # steps (M,)
        self.count("scores", size=(len(self.kept), width), dtype=torch.float64)
        self.count("losses", size=(len(self.kept),), dtype=torch.float64)
        self.count("times", size=(len(self.kept),))

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Keep what one batch has of the windows that are kept."""
        assert batch.index is not None
        row, step = batch.mask.nonzero(as_tuple=True)
        place = torch.searchsorted(self.kept.to(row.device), batch.index[row]).clamp(max=len(self.kept) - 1)
        wanted = self.kept.to(row.device)[place] == batch.index[row]
        wanted &= self.middle.to(row.device)[place] == step
        place = place[wanted].to(self.times.device)
        self.scores.index_add_(0, place, scores[wanted].double().to(place.device))
        losses = self.criterion(scores[wanted], batch.targets[batch.mask][wanted])
        self.losses.index_add_(0, place, losses.double().to(place.device))
        self.times.index_add_(0, place, torch.ones_like(place))

    def compute(self) -> dict[str, Tensor]:
        """Return what is kept, for `records`."""
        return {"kept": torch.cat([self.scores, self.losses[:, None], self.times[:, None].double()], 1)}

    def records(self, values: dict[str, Tensor]) -> list[Example]:
        """Return the forecasts of the largest loss, and some that are spread evenly."""
        kept = values["kept"].cpu()
        seen = kept[:, -1].nonzero().squeeze(-1).tolist()
        worst = heapq.nlargest(WORST, seen, key=lambda place: float(kept[place, -2]))
        rest = [place for place in seen if place not in worst]
        drawn = rest[len(rest) // 4 :: max(1, len(rest) // DRAWN)][:DRAWN]
        return [
            self._example(place, kept[place], chosen)
            for chosen, places in (("worst", worst), ("drawn", drawn))
            for place in places
        ]

    def _example(self, place: int, kept: Tensor, chosen: str) -> Example:
        index, step = int(self.kept[place]), int(self.middle[place])
        past = self.shown.past(index, step)
        future, times = self.shown.future(index, step)
        return Example(
            index=index,
            loss=float(kept[-2]),
            chosen=chosen,
            past=past["past"],
            future={name: future[name] for name in self.outputs.names[:CHANNELS]},
            forecast=self._forecast(kept[:-2]),
            quantiles=list(self.outputs.levels),
            labels={"past": past["labels"]["past"], "future": times},
            settings={"step": step},
        )

    def _forecast(self, scores: Tensor) -> dict[str, list[list[float]]]:
        """Return for each output and level the values of all steps, in the user's units."""
        outputs = self.outputs
        answers = ordered(scores.view(len(outputs.names), outputs.horizon, -1))  # (K, H, Q)
        return {
            name: [in_units(self.shown.plan, name, level) for level in answers[number].T]
            for number, name in enumerate(outputs.names[:CHANNELS])
        }


def fields_of(shown: Shown, index: int) -> dict[str, Any]:
    """Return how a whole window looks, as fields of `Example`."""
    return shown.past(index, int(shown.examples.lengths[index]) - 1)
