"""How well the next frame of a roll is known: its negative log likelihood and its accuracy, beside single notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from seqtoolkit.batch import Batch
from seqtoolkit.data.intervals import interval, skill_interval
from seqtoolkit.data.labelled.class_records import PAIRED
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.quality import Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

_COLUMNS = ("frames", "nats", "hits", "union", "base_nats", "base_hits", "base_union")


class FrameQuality(SequenceMetric):
    """Sums of each roll, by `Batch.index`: nats, and notes that were hit or are in either of truth and answer.

    The frame NLL is summed over the notes of a frame; the frame accuracy is TP / (TP + FP + FN) over all frames, a
    note being answered when its probability exceeds one half (Bay, Ehmann & Downie 2009; Boulanger-Lewandowski et al.
    2012). The baseline gives each note its frequency in training in every frame.

    Args:
        rolls: N, of the whole split.
        shares: (K,) frequency of each note in training, between 0 and 1.
    """

    table: Tensor  # (N, 7) see _COLUMNS
    odds: Tensor  # (K,) logits of the baseline

    def __init__(self, rolls: int, shares: NDArray[np.float64]) -> None:
        super().__init__()
        self.count("table", size=(rolls, len(_COLUMNS)), dtype=torch.double)
        self.register_buffer("odds", torch.from_numpy(np.log(shares / (1 - shares))), persistent=False)

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Add the frames of one batch."""
        assert batch.index is not None
        truth = batch.targets[batch.mask].double()
        columns = [torch.ones_like(truth[:, 0]), *_counted(scores.double(), truth)]
        columns += _counted(self.odds.to(truth.device).expand_as(truth), truth)
        roll = batch.index.unsqueeze(1).expand_as(batch.mask)[batch.mask]
        self.table.index_add_(0, roll, torch.stack(columns, 1))

    def compute(self) -> dict[str, Tensor]:
        """Return `frame_nll` (nats), `frame_accuracy` and the notes' `unigram_nll`; for `records` the table."""
        frames, nats, hits, union, base_nats, *_ = self.table.sum(0)
        return {
            "frame_nll": nats / frames,
            "frame_accuracy": hits / union.clamp(min=1),
            "unigram_nll": base_nats / frames,
            "table": self.table,
        }

    def records(self, values: dict[str, Tensor]) -> list[Quality]:
        """Return both measures with bootstrap intervals over rolls, paired with the baseline."""
        table = values["table"].cpu().numpy()
        table = table[table[:, 0] > 0]
        return _records(table) if len(table) else []


def _counted(scores: Tensor, truth: Tensor) -> list[Tensor]:
    """Return for each frame (M,) its NLL, the notes that were hit, and those in truth or answer; of logits (M, K)."""
    nats = binary_cross_entropy_with_logits(scores, truth, reduction="none").sum(-1)
    answer = (scores > 0).double()
    hits = (answer * truth).sum(-1)
    return [nats, hits, answer.sum(-1) + truth.sum(-1) - hits]


def _records(table: NDArray[np.float64]) -> list[Quality]:
    """Make the records of rolls (N, 7); a measure is of sums, so that rolls count by their length."""
    sums = np.concatenate([table.sum(0, keepdims=True), resampled_sums(table)])  # the data first
    frames, nats, hits, union, base_nats, base_hits, base_union = sums.T
    share, base = _share(hits, union), _share(base_hits, base_union)
    settings = {"interval": PAIRED, "resamples": RESAMPLES, "frames": int(frames[0])}
    common: dict[str, Any] = {"n": len(table), "baseline": "note frequencies", "settings": settings}
    return [
        Quality(
            measure="frame_nll",
            unit="nats a frame",
            higher_is_better=False,
            baseline_estimate=float(base_nats[0] / frames[0]),
            **interval(nats / frames),
            **skill_interval(1 - nats / base_nats),
            **common,
        ),
        Quality(
            measure="frame_accuracy",
            unit="share",
            higher_is_better=True,
            baseline_estimate=float(base[0]),
            **interval(share),
            **skill_interval(_share(share - base, 1 - base)),
            **common,
        ),
    ]


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
