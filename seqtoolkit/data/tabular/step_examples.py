"""The steps of a classification that went worst, one for each window, with what had been read before them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.answered import worst
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.tabular.shown import Shown
from seqtoolkit.data.tabular.units import answered
from seqtoolkit.losses import Loss
from seqtoolkit.quality import Example

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

KEPT = 512  # windows among which the worst are looked for
STEPS = 2_000_000  # that are answered in all of them


class StepExamples(SequenceMetric):
    """Keeps loss, answer and truth of every step of at most KEPT windows, spread evenly over the split."""

    table: Tensor  # (P, 4) of each answered step of the kept windows: times, loss, truth, answer

    def __init__(self, shown: Shown, classes: Sequence[str]) -> None:
        super().__init__()
        self.shown, self.classes, self.criterion = shown, list(classes), Loss()
        own = shown.examples.lengths - shown.examples.firsts
        most = max(1, min(KEPT, STEPS // int(own.max()), len(own)))
        self.kept = torch.linspace(0, len(own) - 1, most).round().long()  # windows (M,)
        self.ends = own[self.kept].cumsum(0)  # in the table (M,)
        self.count("table", size=(int(self.ends[-1]), 4), dtype=torch.float64)

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Keep what one batch has of the windows that are kept."""
        index, step = (part.cpu() for part in answered(batch))
        place = torch.searchsorted(self.kept, index).clamp(max=len(self.kept) - 1)
        mine = self.kept[place] == index
        before = torch.cat([self.ends.new_zeros(1), self.ends[:-1]])
        at = (before[place] + step - self.shown.examples.firsts[index])[mine].to(self.table.device)
        wanted = mine.to(scores.device)
        truth, chosen = batch.targets[batch.mask][wanted], scores[wanted]
        columns = [torch.ones_like(truth), self.criterion(chosen, truth), truth, chosen.argmax(-1)]
        self.table.index_add_(0, at, torch.stack([column.double() for column in columns], 1).to(at.device))

    def compute(self) -> dict[str, Tensor]:
        """Return what is kept, for `records`."""
        return {"steps": self.table.clone()}

    def records(self, values: dict[str, Tensor]) -> list[Example]:
        """Return the worst steps of different windows."""
        found: dict[int, tuple[int, float, str, str]] = {}
        parts = torch.tensor_split(values["steps"].cpu(), self.ends[:-1])
        for index, part in zip(self.kept.tolist(), parts, strict=True):
            times, losses, truth, answer = part.T
            if times.any():
                step = int(losses.masked_fill(times == 0, -1).argmax())
                named = [self.classes[int(one[step] / times[step])] for one in (truth, answer)]
                found[index] = (step, float(losses[step] / times[step]), named[0], named[1])
        each = [(index, loss, truth, answer) for index, (_, loss, truth, answer) in found.items()]
        return worst(each, lambda index: self._fields(index, found[index][0]))

    def _fields(self, index: int, own: int) -> dict[str, Any]:
        """Return what had been read when a window answered its own step, counted from the first that it answers."""
        step = own + int(self.shown.examples.firsts[index])
        return {**self.shown.past(index, step), "settings": {"step": step}}
