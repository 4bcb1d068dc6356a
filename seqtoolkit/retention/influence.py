"""influence: is the past used? Replace one input, and see how far the predictions move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.divergence import DESCRIPTIONS, divergence
from seqtoolkit.retention.measured import batches, checked
from seqtoolkit.retention.permutation import FLIPS, sign_flip
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.shared import shared
from seqtoolkit.retention.statistics import TAILED, curve_horizon, holm, tailed_interval
from seqtoolkit.retention.swapping import Run, cuts, span
from seqtoolkit.retention.view import View

PAIRS = 60  # with fewer, an interval may miss the rare large change
MARGIN = 1e-3  # nats: a prediction that moves less is as good as the same
NUMBERS = 2**24  # of features in a batch: no gradient is kept, and with more rows a step costs less for each

Floats = NDArray[np.float64]


@torch.inference_mode()
def influence_map(model: SequenceModel, tokens: Tensor, rows: Tensor, draws: list[Tensor]) -> Tensor:
    """Return (R, T): how much the prediction at each of R steps depends on the input at each of T steps, in nats.

    Entry (i, j) is the mean over the symbols in `draws[j]` of KL(p_i || p_i after input j is replaced by it).
    Exactly 0 where j lies in the future of i: the model is causal, so those are not computed.

    Args:
        model: in eval mode.
        tokens: (T,) token ids.
        rows: (R,) increasing steps at which predictions are compared.
        draws: for each of the T steps, the token ids that are put in its place.
    """
    result = torch.zeros(len(rows), len(tokens))
    before = model(tokens.unsqueeze(0))[0][0].float().log_softmax(-1)  # (T, V)
    for j, symbols in enumerate(draws):
        later = rows >= j
        changed = tokens.repeat(len(symbols), 1)
        changed[:, j] = symbols
        after = model(changed)[0][:, rows[later]].float().log_softmax(-1)  # (draws, rows, V)
        result[later, j] = divergence(before[rows[later]], after).mean(0).cpu()
    return result


@torch.inference_mode()
def influence(
    view: View,
    inputs: Tensor,
    lags: Sequence[int],
    *,
    seed: int = 0,
    drive: str = "iid",
    margin: float = MARGIN,
) -> list[Record]:
    """Measure how far the last prediction moves when the input k steps before it is replaced: E KL(p || p_do), in nats.

    Of a model of values or quantiles it is that of normal distributions with variance 1 in its scale (see `moved`); of
    an encoder, that of the first prediction which its decoder makes after it has read all of the source.

    What replaces it is the input at the same step of another sequence. Sequences swap in pairs, each pair is one
    independent observation, and the same for every lag. The null is the influence of the future on the past, which
    is exactly 0 in every model that computes each step from those before it.

    Lags that follow each other share a change (see `shared`): the predictions of eight successive steps are compared,
    each at its own lag. Driven by independent inputs, one step is as good as another.

    Only the steps from the change on are computed again, from a state that the unchanged run left there. Where the
    whole state of the changed run is bit for bit that of the unchanged one, nothing later can differ: it ends there,
    and the influence is exactly 0. `exactly_zero` in the settings has the lags at which that is so for all sequences.

    A few pairs may move far more than all others. So the upper limit, and the test that the horizon ends, count the
    largest value that was seen once more, as that of a pair which was not drawn (see `tailed_interval`).

    Args:
        inputs: (N, T) tokens or (N, T, F) features, at least 120.
        lags: 0 or more, ascending, less than T.
        seed: of the pairs and of the test.
        drive: the name of the data.
        margin: nats above the null that count as used.

    Raises ValueError: the inputs or lags cannot be measured, or the model is not causal.
    """
    inputs = checked(view, inputs, lags, together=2, least=PAIRS)
    groups = shared(lags, span(view))
    _check_varied(inputs, [group[-1] for group in groups])
    pairs = len(inputs) // 2
    inputs = inputs[torch.randperm(len(inputs), generator=torch.Generator().manual_seed(seed))[: 2 * pairs]]
    found, forwards = [], 0.0
    for rows in batches(2 * pairs, inputs.shape[1], multiple=2, together=NUMBERS // view.width):
        run = Run(view, view.embed(inputs[rows]), cuts(lags[-1], inputs.shape[1]))
        columns = [*(run.influence(group) for group in groups), run.future().unsqueeze(1)]
        found.append(torch.cat(columns, 1).cpu().numpy())
        forwards += run.steps * len(found[-1]) / inputs.shape[1] / len(inputs)
    values = np.concatenate(found).reshape(pairs, 2, -1).mean(1)
    _check_future(view, values[:, -1])
    return [_record(view, lags, values[:, :-1], float(values[:, -1].mean()), seed, drive, margin, forwards)]


def _check_future(view: View, values: Floats) -> None:
    """Refuse a leak that is too small for `check_causal`; on a GPU, kernels may round otherwise in another batch."""
    if view.device.type == "cpu" and values.max() > 0:
        raise ValueError(
            f"the model is not causal: changing the last input moved the prediction before it by {values.max():.2g}"
            " nats; retention by lag is defined for causal models only"
        )


def _check_varied(inputs: Tensor, lags: Sequence[int]) -> None:
    for lag in lags:
        step = inputs[:, inputs.shape[1] - 1 - lag]
        if (step == step[:1]).all():
            raise ValueError(
                f"the inputs of all sequences are the same at step {inputs.shape[1] - 1 - lag}, {lag} before the last:"
                " nothing can be swapped there; give independent inputs, or other lags"
            )


def _record(
    view: View,
    lags: Sequence[int],
    values: Floats,
    future: float,
    seed: int,
    drive: str,
    margin: float,
    forwards: float,
) -> Record:
    lower, upper = tailed_interval(values)
    estimate = values.mean(0)
    p_values = holm(sign_flip(values - future - margin, seed=seed).tolist())
    return Record(
        protocol="influence",
        unit="nats",
        lags=list(lags),
        estimate=estimate.tolist(),
        lower=lower.tolist(),
        upper=upper.tolist(),
        null=[future] * len(lags),
        n=[len(values)] * len(lags),
        horizon=curve_horizon(lags, values, future, margin, tailed=True),
        seed=seed,
        settings={
            "interval": TAILED,
            "part": view.part,
            "drive": drive,
            "divergence": DESCRIPTIONS[view.loss.target],
            "replacement": "the same step of another sequence, swapped in pairs; n counts pairs",
            "null": "influence of the last input on the prediction before it",
            "steps_read": span(view),  # the last ones, each at lags of its own
            "margin": margin,
            "test": f"sign flip of pairs against null + margin, {FLIPS} draws, Holm over lags",
            "p_values": p_values,
            "exactly_zero": [lag for lag, column in zip(lags, values.T, strict=True) if not column.any()],
            "forwards": forwards,  # as many whole ones would have taken as long
        },
    )
