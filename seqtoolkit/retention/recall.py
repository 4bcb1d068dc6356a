"""recall: does the model answer? Accuracy at each lag of a store-ignore-recall task (Hochreiter & Schmidhuber 1997)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.recall_curve import RecallCurve
from seqtoolkit.retention.drive import check_causal, check_varied
from seqtoolkit.retention.measured import finite
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.view import View


@torch.no_grad()
def recall(
    view: View,
    batches: Sequence[Batch],
    lags: Sequence[int],
    *,
    chance: float,
    settings: dict[str, Any],
    seed: int | None = None,
) -> list[Record]:
    """Measure how often the answer is right at each lag; the curve is that which `seqtoolkit test` stores.

    Args:
        view: of a whole SequenceModel that was trained for this.
        batches: sequences with one recall each, so that answers are independent; each says its lag. One or more.
        lags: all lags that the batches ask for, ascending.
        chance: accuracy of guessing.
        settings: of the record; they have `max_lag`, the longest lag in training.
        seed: of the record; the questions are the data's.

    Raises ValueError: an encoder answers nothing; the data does not say its lags, or has others; all its sequences are
    the same; the model diverged, or is not causal.
    """
    if not view.has_head:
        raise ValueError("an encoder answers nothing; recall is measured on a whole model")
    _check(view, [batch.inputs for batch in batches])
    curve = RecallCurve(list(lags), chance, settings).to(view.device)
    for batch in batches:
        if batch.lag is None:
            raise ValueError("the data does not say at which lag it asks; recall needs --data RecallData")
        if unknown := set(batch.lag[batch.mask].tolist()) - set(lags):
            raise ValueError(
                f"the data asks at lags {sorted(unknown)!s:.60}, which are not among those given"
            )
        features = finite(view, view.features(view.embed(batch.inputs.to(view.device))))
        asked = features[batch.mask.to(view.device)]
        scores = view.head(asked)
        assert scores is not None
        curve.update(view.model, _on(batch, view), scores)  # type: ignore[arg-type]
    return [replace(record, seed=seed) for record in curve.records(curve.compute())]


def _check(view: View, inputs: Sequence[Tensor]) -> None:
    check_varied(inputs, "RecallData has them")
    some = inputs[0].to(view.device)
    finite(view, view.features(view.embed(some[:1])))
    check_causal(view, some)


def _on(batch: Batch, view: View) -> Batch:
    """Move what is counted to where the model is."""
    targets, mask = batch.targets.to(view.device), batch.mask.to(view.device)
    lag = None if batch.lag is None else batch.lag.to(view.device)
    return replace(batch, targets=targets, mask=mask, lag=lag)
