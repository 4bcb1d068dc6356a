"""Batched beam search with carried state: the best answers to each prompt, as if all of them had been compared."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from seqtoolkit.decoding import Decodable, Hypothesis, batched, greedy
from seqtoolkit.mixer import State, select_rows


def answer(
    model: Decodable,
    prompts: list[list[int]],
    end: int,
    max_steps: int,
    offset: int = 0,
    beams: int = 1,
    length_penalty: float = 1.0,
) -> list[list[Hypothesis]]:
    """Return the answers to every prompt, best first: one that is greedy (and has no score), or those of `beams`."""
    if beams > 1:
        return beam_search(model, prompts, end, max_steps, offset, beams, length_penalty)
    answers = greedy(model, prompts, end, max_steps, offset)
    return [[Hypothesis(one, math.nan, math.nan, len(one) < max_steps)] for one in answers]


@dataclass(frozen=True)
class BeamStep:
    """One step of a search: which K beams of each of B prompts went on, and with what; for looking at."""

    parents: Tensor  # (B, K) the beam of the step before that each one continues
    classes: Tensor  # (B, K) the class it continues with
    totals: Tensor  # (B, K) its log probability so far
    ends: Tensor  # (B, K') the log probability of each beam of the step before, ended here
    rows: Tensor  # (B,) which prompts of the batch these are: those that are done have left


@torch.inference_mode()
def beam_search(
    model: Decodable,
    prompts: list[list[int]],
    end: int,
    max_steps: int,
    offset: int = 0,
    beams: int = 4,
    length_penalty: float = 1.0,
    batch_size: int = 256,
    history: list[BeamStep] | None = None,
) -> list[list[Hypothesis]]:
    """Return up to `beams` answers to every prompt, best first.

    An answer y of n symbols, its end mark included, scores log p(y) / ((5 + n) / 6) ^ length_penalty (Wu et al. 2016,
    eq. 14); one that is cut at `max_steps` counts as it stands. At each step every beam may end, and the `beams` best
    other continuations go on. A prompt is done as soon as nothing that goes on can still score better than what has
    ended. With as many beams as there are prefixes, this is exhaustive search. Memory is linear in batch,
    beams and length.

    Args:
        model: in eval mode.
        prompts: tokens; `batch_size` of them are decoded together, see `batched`.
        end: the class that ends an answer.
        max_steps: symbols in the longest answer, its end mark included.
        offset: a class is fed back as token class + offset.
        beams: how many continuations go on.
        length_penalty: 0 compares log probabilities as they are; more favours longer answers.
        history: filled with what happened at each step, batch after batch.

    Raises:
        ValueError: beams or max_steps is below 1, or the length penalty is negative.
    """
    if beams < 1 or max_steps < 1 or length_penalty < 0:
        wrong = f"beams={beams}, max_steps={max_steps}, length_penalty={length_penalty}"
        raise ValueError(f"{wrong}: expected at least 1, 1 and 0")
    answers: list[list[Hypothesis]] = [[] for _ in prompts]
    for rows, tokens, lengths in batched(model, prompts, batch_size):
        begun = model.begin(tokens, lengths)
        search = _Search(model, *begun, end, max_steps, offset, beams, length_penalty)
        for step in search.run():
            if history is not None:
                history.append(step)
        for row, found in zip(rows, search.answers, strict=True):
            answers[row] = found
    return answers


class _Pool(NamedTuple):
    """P answers to each of B prompts."""

    scores: Tensor  # (B, P) normalised
    totals: Tensor  # (B, P) log probabilities
    ended: Tensor  # (B, P) bool
    classes: Tensor  # (B, P, L), -1 after the last one

    def best(self, count: int) -> Self:
        """Keep the best ones, best first."""
        scores, where = self.scores.topk(min(count, self.scores.shape[1]))
        classes = self.classes.gather(1, where.unsqueeze(-1).expand(-1, -1, self.classes.shape[-1]))
        return type(self)(scores, self.totals.gather(1, where), self.ended.gather(1, where), classes)

    def joined(self, other: Self) -> Self:
        """Add the answers of another pool."""
        return type(self)(*(torch.cat(pair, 1) for pair in zip(self, other, strict=True)))

    def answers(self, row: int) -> list[Hypothesis]:
        """Return the answers to one prompt."""
        columns = (part[row].tolist() for part in (self.classes, self.totals, self.scores, self.ended))
        return [
            Hypothesis([number for number in classes if number >= 0], total, score, ended)
            for classes, total, score, ended in zip(*columns, strict=True)
        ]


class _Search:
    """The search for B prompts that were read: K beams each, as many for all; those that are done leave."""

    def __init__(
        self,
        model: Decodable,
        scores: Tensor,
        state: State,
        end: int,
        max_steps: int,
        offset: int,
        beams: int,
        penalty: float,
    ) -> None:
        self.model, self.end, self.max_steps, self.offset = model, end, max_steps, offset
        self.beams, self.penalty = beams, penalty
        self.scores, self.state = scores, state  # (B * K, V) of what comes next, and where the model stands
        self.answers: list[list[Hypothesis]] = [[] for _ in scores]
        self.rows = torch.arange(len(scores), device=scores.device)  # which prompts are not done
        self.totals = torch.zeros(len(scores), 1, device=scores.device)  # (B, K) log probabilities
        self.prefix = self.rows.new_empty(len(scores), 1, 0)  # (B, K, n) classes
        self.pool = self._pool(self.totals[:, :0], self.prefix[:, :0], ended=True)

    def run(self) -> Iterator[BeamStep]:
        """Lengthen all beams, symbol by symbol, until every prompt is done."""
        for n in range(self.max_steps):
            totals = self.scores.float().log_softmax(-1)  # (B * K, V)
            totals = totals.view(*self.totals.shape, -1) + self.totals.unsqueeze(-1)  # (B, K, V)
            ends = totals[..., self.end].clone()
            self._end(self._pool(ends, self.prefix, ended=True))
            totals[..., self.end] = -torch.inf
            parents = self._extend(totals)
            yield BeamStep(parents, self.prefix[..., -1], self.totals, ends, self.rows)
            if n + 1 == self.max_steps:
                self._end(self._pool(self.totals, self.prefix, ended=False))
            going = self._leave(n + 1)
            if not len(going):
                return
            first = going.unsqueeze(1) * totals.shape[1]  # of a prompt's beams, in the model's batch
            state = select_rows(self.state, (first + parents[going]).flatten())
            tokens = self.prefix[..., -1].reshape(-1, 1) + self.offset
            self.scores, self.state = self.model.advance(tokens, state)

    def _extend(self, totals: Tensor) -> Tensor:
        """Let the best continuations (of (B, K, V) log probabilities) go on; return the beams they continue (B, K)."""
        symbols = totals.shape[-1]
        possible = totals.shape[1] * (symbols - 1)  # none of them ends
        self.totals, where = totals.flatten(1).topk(min(self.beams, possible))
        parents, classes = where // symbols, where % symbols
        prefix = self.prefix.gather(1, parents.unsqueeze(-1).expand(-1, -1, self.prefix.shape[-1]))
        self.prefix = torch.cat([prefix, classes.unsqueeze(-1)], -1)
        return parents

    def _leave(self, n: int) -> Tensor:
        """Answer the prompts that are done after n symbols, and return the places (B',) of the others in the batch."""
        worst = self.pool.scores[:, -1]
        hopeless = self.totals[:, 0] / self._norm(self.max_steps) <= worst  # log probabilities only fall
        done = hopeless & (self.pool.scores.shape[1] == self.beams) | (n == self.max_steps)
        for place in done.nonzero().flatten().tolist():
            self.answers[int(self.rows[place])] = self.pool.answers(place)
        going = (~done).nonzero().flatten()
        self.rows, self.totals, self.prefix = self.rows[going], self.totals[going], self.prefix[going]
        self.pool = _Pool(*(part[going] for part in self.pool))
        return going

    def _end(self, more: _Pool) -> None:
        self.pool = self.pool.joined(more).best(self.beams)

    def _pool(self, totals: Tensor, prefix: Tensor, ended: bool) -> _Pool:
        """Make answers of beams: their totals (B, K), and their classes (B, K, n)."""
        length = prefix.shape[-1] + ended
        classes = nn.functional.pad(prefix, (0, self.max_steps - prefix.shape[-1]), value=-1)
        return _Pool(
            totals / self._norm(length), totals, torch.full_like(totals, ended, dtype=torch.bool), classes
        )

    def _norm(self, length: int) -> float:
        return float(((5 + length) / 6) ** self.penalty)
