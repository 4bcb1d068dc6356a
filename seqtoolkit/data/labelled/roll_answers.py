"""The rolls that were foretold worst: the notes that cost most, frame by frame, beside how likely they were held."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from seqtoolkit.batch import Batch
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.losses import Loss
from seqtoolkit.quality import Example

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

KEPT = 256  # rolls among which the worst are looked for
FRAMES = 256  # that are kept of one: its first
VALUES = 4_000_000  # in all of them
WORST, NOTES = 6, 6  # rolls that are shown, and notes of each


class RollAnswers(SequenceMetric):
    """Keeps the answers to at most KEPT rolls, spread evenly over the split, and the loss of all their frames.

    Args:
        rolls: of the split, the notes in the order of the scores.
    """

    scores: Tensor  # (M * T, K) logits
    table: Tensor  # (M, 2) frames that were answered, and their loss in nats

    def __init__(self, rolls: Sequences) -> None:
        super().__init__()
        self.rolls, self.criterion = rolls, Loss("labels")
        notes, self.frames = len(rolls.channels), int(min(FRAMES, rolls.lengths.max() - 1))
        most = max(1, min(KEPT, VALUES // (self.frames * notes), len(rolls)))
        self.kept = torch.linspace(0, len(rolls) - 1, most).round().long()  # rolls (M,)
        self.count("scores", size=(most * self.frames, notes), dtype=torch.float64)
        self.count("table", size=(most, 2), dtype=torch.float64)

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Keep what one batch has of the rolls that are kept."""
        assert batch.index is not None
        row, frame = batch.mask.nonzero(as_tuple=True)
        kept, index = self.kept.to(row.device), batch.index.to(row.device)[row]
        place = torch.searchsorted(kept, index).clamp(max=len(kept) - 1)
        mine = kept[place] == index
        losses = self.criterion(scores[mine], batch.targets[batch.mask][mine]).double()
        self.table.index_add_(0, place[mine], torch.stack([torch.ones_like(losses), losses], 1))
        early = mine & (frame < self.frames)
        self.scores.index_add_(0, (place * self.frames + frame)[early], scores[early].double())

    def compute(self) -> dict[str, Tensor]:
        """Return what is kept, for `records`."""
        return {"answers": self.scores.clone(), "rolls": self.table.clone()}

    def records(self, values: dict[str, Tensor]) -> list[Example]:
        """Return the rolls of the largest loss per frame."""
        frames, nats = values["rolls"].cpu().T
        means = (nats / frames.clamp(min=1)).tolist()
        seen = frames.nonzero().squeeze(-1).tolist()
        answers = values["answers"].cpu().view(len(self.kept), self.frames, -1)
        return [
            self._example(int(self.kept[place]), means[place], answers[place])
            for place in heapq.nlargest(WORST, seen, key=lambda place: means[place])
        ]

    def _example(self, index: int, loss: float, scores: Tensor) -> Example:
        truth = torch.from_numpy(self.rolls.series(index)[1 : self.frames + 1]).double()  # (T, K)
        scores = scores[: len(truth)]
        cost = binary_cross_entropy_with_logits(scores, truth, reduction="none").sum(0)
        notes = {
            self.rolls.channels[note]: note for note in cost.topk(min(NOTES, len(cost))).indices.tolist()
        }
        shares = scores.sigmoid()
        return Example(
            index=index,
            loss=loss,
            chosen="worst",
            future={name: truth[:, note].tolist() for name, note in notes.items()},
            forecast={
                name: [[float(f"{share:.4g}") for share in shares[:, note].tolist()]]
                for name, note in notes.items()
            },
            settings={"steps": "asked"},
        )
