"""The tree that a beam search walked: every prefix that was followed, and which answers came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seqtoolkit.beam import BeamStep
from seqtoolkit.codec import Codec
from seqtoolkit.decoding import Hypothesis


@dataclass(frozen=True)
class BeamNode:
    """One prefix of an answer; the first node of a tree is the empty one."""

    parent: int  # place of the prefix without the last symbol, -1 for the first node
    name: str  # of the last symbol
    depth: int  # symbols, the end mark included
    log_probability: float  # of the whole prefix
    rank: int  # the best answer that it leads to, from 1; 0: it was dropped


def beam_tree(steps: Sequence[BeamStep], answers: Sequence[Hypothesis], codec: Codec) -> list[BeamNode]:
    """Return the nodes of the search for one prompt, parents first; `answers` are its results, best first."""
    totals: dict[tuple[int, ...], float] = {(): 0.0}
    beams: list[tuple[int, ...]] = [()]
    for step in steps:
        columns = (part[0].tolist() for part in (step.parents, step.classes, step.totals))
        found = [((*beams[parent], number), total) for parent, number, total in zip(*columns, strict=True)]
        beams = [prefix for prefix, _ in found]
        totals |= found
    ranks = dict.fromkeys(totals, 0)
    for rank, answer in reversed(list(enumerate(answers, 1))):
        whole = tuple(answer.tokens) + (codec.end_class,) * answer.ended
        totals[whole] = answer.log_probability
        ranks |= {whole[:length]: rank for length in range(len(whole) + 1)}
    place = {prefix: i for i, prefix in enumerate(sorted(totals, key=len))}
    return [_node(prefix, place, totals[prefix], ranks[prefix], codec) for prefix in place]


def _node(
    prefix: tuple[int, ...], place: dict[tuple[int, ...], int], total: float, rank: int, codec: Codec
) -> BeamNode:
    if not prefix:
        return BeamNode(-1, "", 0, total, rank)
    return BeamNode(place[prefix[:-1]], codec.names([prefix[-1]])[0], len(prefix), total, rank)
