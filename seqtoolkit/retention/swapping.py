"""One run over some sequences, and what changes in it when one input is that of another sequence."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor

from seqtoolkit.mixer import State, tensors
from seqtoolkit.retention.divergence import moved
from seqtoolkit.retention.measured import finite
from seqtoolkit.retention.shared import SPAN, backs
from seqtoolkit.retention.view import View

SHORTEST = 16  # steps that are computed at once: fewer take as long


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
    features: Tensor = field(init=False)  # (B, T, D)
    before: Tensor = field(init=False)  # scores (B, span, V), those after the last step first

    def __post_init__(self) -> None:
        found = []
        for start, stop in pairwise([*self.cuts, self.embedded.shape[1]]):
            features, state = self._advance(self.embedded[:, start:stop], self.states[-1])
            found.append(features)
            self.states.append(state)
        self.features = torch.cat(found, 1)
        self.before = self._predict([self.features], range(min(span(self.view), self.embedded.shape[1])))

    def influence(self, group: Sequence[int]) -> Tensor:
        """Return how far predictions (B, lags) move, in nats, when the input so many steps before them is swapped.

        One input is, as far from the last step as the largest lag of the group (see `shared`).
        """
        at = self.embedded.shape[1] - 1 - group[-1]
        first = bisect_right(self.cuts, at) - 1
        origin, state = self.cuts[first], self.states[first]
        changed, found = self._swapped(origin, at), [self.features[:, :origin]]
        ends = [*self.cuts[first:], self.embedded.shape[1]]
        for (start, stop), unchanged in zip(pairwise(ends), self.states[first + 1 :], strict=True):
            features, state = self._advance(changed[:, start - origin : stop - origin], state)
            found.append(features)
            if stop < self.embedded.shape[1] and same(state, unchanged):
                found.append(self.features[:, stop:])
                break
        read = backs(group)
        return self._moved(self.before[:, read], self._predict(found, read))

    def future(self) -> Tensor:
        """Return how far each prediction (B,) before the last input moves, in nats, when the last input is swapped."""
        last = self.embedded.shape[1] - 1
        if last == 0:
            return torch.zeros_like(self.before[:, 0, 0], dtype=torch.float64)
        first = bisect_right(self.cuts, last - 1) - 1
        start, state = self.cuts[first], self.states[first]
        before, after = (
            self._predict([self.features[:, :start], self._advance(x, state)[0][:, :-1]], [0])
            for x in (self.embedded[:, start:], self._swapped(start, last))
        )
        return self._moved(before, after).squeeze(1)

    def _swapped(self, start: int, at: int) -> Tensor:
        """Return the inputs from `start` on, the one at step `at` swapped within pairs of rows."""
        changed = self.embedded[:, start:].clone()
        there = self.embedded[:, at]
        changed[:, at - start] = there.view(-1, 2, there.shape[-1]).flip(1).view_as(there)
        return changed

    def _advance(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.steps += x.shape[1]
        return self.view.advance(x, state)

    def _predict(self, features: list[Tensor], read: Sequence[int]) -> Tensor:
        """Return the scores (B, S, V) so many steps before the last, of features that follow each other."""
        if self.view.looks_back:
            scores = self.view.answer(finite(self.view, torch.cat(features, 1)))
            assert scores is not None
            return scores.unsqueeze(1)
        last = finite(self.view, features[-1])  # of SHORTEST steps or more, if there are so many
        scores = self.view.head(last[:, [last.shape[1] - 1 - back for back in read]])
        assert scores is not None
        return scores

    def _moved(self, before: Tensor, after: Tensor) -> Tensor:
        return moved(self.view.loss.target, before, after)


def span(view: View) -> int:
    """Return how many steps are read after one change: one where a prediction follows from all steps together."""
    return 1 if view.looks_back else SPAN


def same(a: State, b: State) -> bool:
    """Say whether two states are equal bit for bit."""
    return all(torch.equal(x, y) for x, y in zip(tensors(a), tensors(b), strict=True))
