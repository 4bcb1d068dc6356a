"""What a checkpoint makes of one source: its best answers, where it looks for each symbol, and what changes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqtoolkit.beam import BeamStep, beam_search
from seqtoolkit.beam_tree import BeamNode, beam_tree
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.codec import Codec
from seqtoolkit.decoding import Hypothesis
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention.faithfulness import LEAST, source_influence
from seqtoolkit.retention.rank_correlation import spearman

Array = npt.NDArray[np.float32]
MAX_ANSWER = 64  # symbols
REPLACED = 1 << 16  # tokens that influence reads in all; fewer symbols are tried in long sources
AT_ONCE = 1 << 15  # of them


@dataclass(frozen=True)
class Answer:
    """One of the best answers."""

    text: str
    log_probability: float  # in nats, of all its symbols
    score: float  # by which answers are compared
    ended: bool  # with its end mark, not at the longest length


@dataclass(frozen=True)
class AlignmentInspection:
    """One answer to one source, with a row for each of its R symbols and a column for each of S source symbols."""

    source: list[str]  # S names
    target: list[str]  # R names, the end mark included
    log_probability: Array  # (R,) of each symbol after those before it
    weights: (
        Array | None
    )  # (H, R, S) of the attention to the source, rows sum to 1; none without such attention
    entropy: Array | None  # (H, R) of the weights, in nats
    agreement: Array | None  # (H, R) rank correlation of weights with influence; NaN where there is none
    influence: Array  # (R, S) in nats: KL when a source symbol is replaced, see `source_influence`
    n_best: list[Answer]  # of the model's own choice, best first, whatever answer the rows are of
    tree: list[BeamNode]  # of the search for them; empty for tasks whose answers have no end

    def faithfulness(self) -> Array | None:
        """Return the mean agreement over the rows that have one, (H,); NaN for a head without any."""
        if self.agreement is None:
            return None
        rows = np.isfinite(self.agreement)
        sums = np.where(rows, self.agreement, 0.0).sum(-1)
        means: Array = np.divide(sums, rows.sum(-1), out=np.full_like(sums, np.nan), where=rows.any(-1))
        return means


@dataclass(frozen=True)
class _Read:
    """What the model reads: tokens (L,), the R steps that predict its answer, and the S that are its source."""

    tokens: Tensor
    mask: Tensor  # (L,) bool
    classes: list[int]  # (R,) the answer
    source: int


def inspect_alignment(
    checkpoint: Checkpoint, text: str, forced: Sequence[str] | None = None, beams: int = 4
) -> AlignmentInspection:
    """Let a checkpoint answer `text`, or read the answer `forced` to it (names, with the end mark), and look inside.

    Raises ValueError when the text is empty or has what the model cannot read, or `forced` what it cannot answer.
    """
    codec, prompt = checkpoint.codec, checkpoint.codec.encode(text)
    if codec.separator:
        history: list[BeamStep] = []
        found = beam_search(
            checkpoint.model, [prompt], codec.end_class, MAX_ANSWER, codec.offset, beams, history=history
        )[0]
        own = [*found[0].tokens, *[codec.end_class] * found[0].ended]
        read = _with_answer(codec, prompt, own if forced is None else _classes(codec, forced))
        return _look(checkpoint, read, _answers(codec, found), beam_tree(history, found, codec))
    read, total = _at_queries(checkpoint, prompt, forced)
    answer = Answer(codec.text(read.classes), total, total, ended=True)
    return _look(checkpoint, read, [answer], [])


def _answers(codec: Codec, found: list[Hypothesis]) -> list[Answer]:
    return [Answer(codec.text(one.tokens), one.log_probability, one.score, one.ended) for one in found]


def _classes(codec: Codec, names: Sequence[str]) -> list[int]:
    if strange := [name for name in names if name not in codec.classes]:
        raise ValueError(
            f"the answer to compare has {strange[0]!r}, which this model cannot answer: both need one task"
        )
    return [codec.classes[name] for name in names]


def _with_answer(codec: Codec, prompt: list[int], classes: list[int]) -> _Read:
    """Join a prompt and its answer (never empty), as the model reads them."""
    tokens = torch.tensor(prompt + [number + codec.offset for number in classes[:-1]])
    return _Read(tokens, torch.arange(len(tokens)) >= len(prompt) - 1, classes, len(prompt) - 1)


def _at_queries(
    checkpoint: Checkpoint, prompt: list[int], forced: Sequence[str] | None
) -> tuple[_Read, float]:
    """Answer a task without a separator where it is asked; return also the log probability of that."""
    codec, tokens = checkpoint.codec, torch.tensor(prompt)
    mask = torch.zeros(len(prompt), dtype=torch.bool)
    mask[codec.asked(prompt)] = True
    with torch.inference_mode():
        scores = checkpoint.model(tokens[None], mask=mask[None])[0].float().log_softmax(-1)
    best = scores.max(-1)
    classes = best.indices.tolist() if forced is None else _classes(codec, forced)
    if len(classes) != len(scores):
        raise ValueError(
            f"the answer to compare has {len(classes)} symbols, and this input asks {len(scores)}"
        )
    return _Read(tokens, mask, classes, len(tokens)), float(best.values.sum())


@torch.inference_mode()
def _look(
    checkpoint: Checkpoint, read: _Read, n_best: list[Answer], tree: list[BeamNode]
) -> AlignmentInspection:
    codec, model, tokens, mask = checkpoint.codec, checkpoint.model, read.tokens[None], read.mask[None]
    scores = model(tokens, mask=mask)[0].float().log_softmax(-1)  # (R, V)
    looked = model.align(tokens, mask) if isinstance(model, EncoderDecoder) else None
    weights = None if looked is None else looked[0].float().numpy()  # (H, R, S)
    influence = _influence(checkpoint, read)
    return AlignmentInspection(
        source=codec.decode(read.tokens[: read.source].tolist()),
        target=codec.names(read.classes),
        log_probability=scores.gather(1, torch.tensor(read.classes)[:, None])[:, 0].numpy(),
        weights=weights,
        entropy=None if weights is None else _entropy(weights),
        agreement=None if weights is None else _agreement(weights, influence),
        influence=influence,
        n_best=n_best,
        tree=tree,
    )


def _influence(checkpoint: Checkpoint, read: _Read) -> Array:
    """Return (R, S) how much each prediction depends on each source symbol, in bounded memory and time."""
    codec, size = checkpoint.codec, len(read.tokens)
    typed = sorted({codec.index[symbol] for symbol in codec.alphabet})
    draws = max(1, min(len(typed) - 1, REPLACED // (read.source * size)))
    symbols = torch.tensor([_others(typed, token, draws) for token in read.tokens[: read.source].tolist()])
    where = torch.arange(read.source)
    parts = [
        source_influence(checkpoint.model, read.tokens, read.mask, where[some], symbols[some])
        for some in torch.split(where, max(1, AT_ONCE // (draws * size)))
    ]
    influence: Array = torch.cat(parts, 1).numpy()
    return influence


def _others(typed: list[int], token: int, count: int) -> list[int]:
    """Choose `count` symbols that take the place of a token, evenly among the others."""
    others = [other for other in typed if other != token] or [token]
    return [others[i * len(others) // count] for i in range(count)]


def _entropy(weights: Array) -> Array:
    entropy: Array = -np.where(weights > 0, weights * np.log(np.maximum(weights, 1e-30)), 0.0).sum(-1)
    return entropy


def _agreement(weights: Array, influence: Array) -> Array:
    """Return the rank correlation of each row of weights (H, R, S) with the influence (R, S) of the same symbols."""
    if influence.shape[1] < LEAST:  # of two, every rank correlation is 1 or -1
        return np.full(weights.shape[:2], np.nan, dtype=np.float32)
    rows = [[spearman(a, b) for a, b in zip(head, influence, strict=True)] for head in weights]
    return np.array(rows, dtype=np.float32)
