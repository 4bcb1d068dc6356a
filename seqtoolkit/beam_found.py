"""What a beam search has found for one prompt: its best answers, as numbers, and the way back to their symbols."""

from __future__ import annotations

import heapq

from seqtoolkit.decoding import Hypothesis


class Found:
    """The best answers to one prompt so far, and the way back along its beams."""

    def __init__(self, beams: int, max_steps: int, penalty: float) -> None:
        self.beams, self.max_steps, self.penalty = beams, max_steps, penalty
        self.best: list[tuple[float, int, int, float]] = []  # a heap: score, -steps, -beam, log probability
        self.steps: list[tuple[list[int], list[int]]] = []  # of each step, the K parents and the K classes

    def goes_on(self, ends: list[float], parents: list[int], classes: list[int], totals: list[float]) -> bool:
        """Take one step of its beams, as in a BeamStep, and say whether a better answer can still come."""
        self._add(ends, ended=True)
        self.steps.append((parents, classes))
        if len(self.steps) == self.max_steps:
            self._add(totals, ended=False)
            return False
        reach = totals[0] / self._norm(self.max_steps)  # log probabilities only fall
        return len(self.best) < self.beams or reach > self.best[0][0]

    def answers(self) -> list[Hypothesis]:
        """Return the answers, best first."""
        return [
            Hypothesis(self._classes(-steps, -beam), total, score, -steps < self.max_steps)
            for score, steps, beam, total in sorted(self.best, reverse=True)
        ]

    def _add(self, totals: list[float], ended: bool) -> None:
        """Add beams as answers, by their log probabilities (K), if they are among the best."""
        steps = len(self.steps)
        norm = self._norm(steps + ended)
        for beam, total in enumerate(totals):
            score = total / norm
            if len(self.best) < self.beams:
                heapq.heappush(self.best, (score, -steps, -beam, total))
            elif score > self.best[0][0]:
                heapq.heapreplace(self.best, (score, -steps, -beam, total))

    def _classes(self, steps: int, beam: int) -> list[int]:
        """Walk back from a beam after so many steps."""
        found = []
        for parents, classes in reversed(self.steps[:steps]):
            found.append(classes[beam])
            beam = parents[beam]
        return found[::-1]

    def _norm(self, length: int) -> float:
        return float(((5 + length) / 6) ** self.penalty)
