"""influence: is the past used? Replace one input, and see how far the predictions move."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.mixer import State, tensors
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.measured import batches, checked, finite
from seqtoolkit.retention.permutation import FLIPS, sign_flip
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.statistics import INTERVAL, curve_horizon, holm, sequence_interval
from seqtoolkit.retention.view import View

SEQUENCES = 256  # each costs a forward of the steps since its change, for every lag
SHORTEST = 16  # steps that are computed at once: fewer take as long
MARGIN = 1e-3  # nats: a prediction that moves less is as good as the same

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


def divergence(before: Tensor, after: Tensor) -> Tensor:
    """Return KL(before || after) in nats (...,) of log probabilities (..., V)."""
    return (before.exp() * (before - after)).sum(-1).clamp(min=0.0)


@torch.inference_mode()
def influence(
    view: View,
    inputs: Tensor,
    lags: Sequence[int],
    *,
    seed: int = 0,
    drive: str = "iid",
    sequences: int | None = SEQUENCES,
    margin: float = MARGIN,
) -> list[Record]:
    """Measure how far the last prediction moves when the input k steps before it is replaced: E KL(p || p_do), in nats.

    What replaces it is the input at the same step of another sequence. Sequences swap in pairs, each pair is one
    independent observation, and the same for every lag. The null is the influence of the future on the past, which
    is exactly 0 in every model that computes each step from those before it.

    Only the steps from the change on are computed again, from a state that the unchanged run left there. Where the
    whole state of the changed run is bit for bit that of the unchanged one, nothing later can differ: it ends there,
    and the influence is exactly 0. `exactly_zero` in the settings has the lags at which that is so for all sequences.

    Args:
        inputs: (N, T) tokens or (N, T, F) features.
        lags: 0 or more, ascending, less than T.
        seed: of the pairs and of the test.
        drive: the name of the data.
        sequences: most that are measured; all when null.
        margin: nats above the null that count as used.

    Raises ValueError: an encoder predicts nothing; the inputs or lags cannot be measured; the model is not causal.
    """
    if not view.has_head:
        raise ValueError(
            "an encoder predicts nothing, so no prediction can move;"
            " measure the decoder (part='decoder'), or the gradient of the encoder"
        )
    inputs = checked(view, inputs, lags, sequences, together=2)
    pairs = len(inputs) // 2
    inputs = inputs[torch.randperm(len(inputs), generator=torch.Generator().manual_seed(seed))[: 2 * pairs]]
    found, forwards = [], 0.0
    for rows in batches(2 * pairs, inputs.shape[1], multiple=2):
        run = Run(view, view.embed(inputs[rows]), cuts(lags[-1], inputs.shape[1]))
        found.append(torch.stack([run.influence(lag) for lag in lags] + [run.future()], 1).cpu().numpy())
        forwards += run.steps * len(found[-1]) / inputs.shape[1] / len(inputs)
    values = np.concatenate(found).reshape(pairs, 2, -1).mean(1)
    return [_record(view, lags, values[:, :-1], float(values[:, -1].mean()), seed, drive, margin, forwards)]


def cuts(longest: int, steps: int) -> list[int]:
    """Return the steps before which the state is kept: 0, and one less than half as far again back as any lag."""
    powers = (SHORTEST << power for power in range(longest.bit_length()))
    back = [far for power in powers for far in (power, power * 3 // 2) if far < min(steps, 2 * longest + 1)]
    return sorted({0, *(steps - 1 - far for far in back)})


@dataclass
class Run:
    """The unchanged run over embedded inputs (B, T, D), whose rows are swapped in pairs, and the changed ones.

    All of them are cut at the same steps: the same arithmetic in the same shapes, so that what does not depend on a
    change is the same bit for bit.
    """

    view: View
    embedded: Tensor
    cuts: list[int]
    steps: int = 0  # computed so far
    states: list[State] = field(default_factory=lambda: [None])  # before each cut
    before: Tensor = field(init=False)  # log probabilities (B, V) after the last step

    def __post_init__(self) -> None:
        for start, stop in pairwise([*self.cuts, self.embedded.shape[1]]):
            features, state = self._advance(self.embedded[:, start:stop], self.states[-1])
            self.states.append(state)
        self.before = self._predict(features[:, -1])

    def influence(self, lag: int) -> Tensor:
        """Return how far each prediction (B,) moves, in nats, when the input `lag` steps before it is swapped."""
        at = self.embedded.shape[1] - 1 - lag
        first = bisect_right(self.cuts, at) - 1
        origin, state = self.cuts[first], self.states[first]
        changed = self._swapped(origin, at)
        ends = [*self.cuts[first:], self.embedded.shape[1]]
        for (start, stop), unchanged in zip(pairwise(ends), self.states[first + 1 :], strict=True):
            features, state = self._advance(changed[:, start - origin : stop - origin], state)
            if stop < self.embedded.shape[1] and same(state, unchanged):
                return torch.zeros_like(self.before[:, 0])
        return divergence(self.before, self._predict(features[:, -1]))

    def future(self) -> Tensor:
        """Return how far each prediction (B,) before the last input moves, in nats, when the last input is swapped."""
        last = self.embedded.shape[1] - 1
        if last == 0:
            return torch.zeros_like(self.before[:, 0])
        first = bisect_right(self.cuts, last - 1) - 1
        start, state = self.cuts[first], self.states[first]
        before, after = (
            self._predict(self._advance(x, state)[0][:, -2])
            for x in (self.embedded[:, start:], self._swapped(start, last))
        )
        return divergence(before, after)

    def _swapped(self, start: int, at: int) -> Tensor:
        """Return the inputs from `start` on, the one at step `at` swapped within pairs of rows."""
        changed = self.embedded[:, start:].clone()
        there = self.embedded[:, at]
        changed[:, at - start] = there.view(-1, 2, there.shape[-1]).flip(1).view_as(there)
        return changed

    def _advance(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.steps += x.shape[1]
        return self.view.advance(x, state)

    def _predict(self, features: Tensor) -> Tensor:
        scores = self.view.head(finite(self.view, features))
        assert scores is not None
        return scores.double().log_softmax(-1)


def same(a: State, b: State) -> bool:
    """Say whether two states are equal bit for bit."""
    return all(torch.equal(x, y) for x, y in zip(tensors(a), tensors(b), strict=True))


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
    lower, upper = sequence_interval(values)
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
        horizon=curve_horizon(lags, values, future, margin),
        seed=seed,
        settings={
            "interval": INTERVAL,
            "part": view.part,
            "drive": drive,
            "replacement": "the same step of another sequence, swapped in pairs; n counts pairs",
            "null": "influence of the last input on the prediction before it",
            "margin": margin,
            "test": f"sign flip of pairs against null + margin, {FLIPS} draws, Holm over lags",
            "p_values": p_values,
            "exactly_zero": [lag for lag, column in zip(lags, values.T, strict=True) if not column.any()],
            "forwards": forwards,  # as many whole ones would have taken as long
        },
    )
