"""What a checkpoint does with one typed input: its answer, where it looked, and what it used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqtoolkit.attention_maps import attention_rows
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.codec import Codec
from seqtoolkit.decoding import greedy
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.influence import influence_map
from seqtoolkit.retention.rank_correlation import spearman

Array = npt.NDArray[np.float32]
MAX_ANSWER = 64  # symbols
MAX_REPLACEMENTS = 4096  # influence replaces every input at most this many times in all


@dataclass(frozen=True)
class Inspection:
    """The answer of a model to one input, with a row for each answered symbol R and a column for each input T."""

    inputs: list[str]  # T names: the prompt, then the answer as it was fed back
    rows: list[str]  # R names: the answered symbols
    positions: list[int]  # R: the input step from which each was predicted
    layers: list[int]  # the layers that have attention
    attention: list[Array]  # one (H, R, T) for each of them; rows sum to 1, the future is exactly 0
    influence: Array  # (R, T) in nats, see `influence_map`
    agreement: list[
        Array
    ]  # one (H,) for each of `layers`: rank correlation of attention with influence, or NaN


def inspect(checkpoint: Checkpoint, text: str) -> Inspection:
    """Let a checkpoint answer `text` and look inside while it does.

    Raises ValueError when the text is empty or has characters that the model cannot read, and for an encoder-decoder,
    which has no one sequence of inputs (see `inspect_alignment`).
    """
    codec, model = checkpoint.codec, checkpoint.model
    if not isinstance(model, SequenceModel):
        raise ValueError(
            "an encoder-decoder reads its source apart from its target: look at its alignment instead"
        )
    tokens, rows, answer = _answer(checkpoint, codec.encode(text))
    where = torch.tensor(rows)
    with torch.inference_mode():
        traces = model.trace(tokens.unsqueeze(0))
        seen = {
            i: attention_rows(trace, where)[0].numpy() for i, trace in enumerate(traces) if "query" in trace
        }
    influence = influence_map(model, tokens, where, _draws(codec, tokens)).numpy()
    return Inspection(
        inputs=codec.decode(tokens.tolist()),
        rows=codec.names(answer),
        positions=rows,
        layers=list(seen),
        attention=list(seen.values()),
        influence=influence,
        agreement=[_agreement(weights, influence, rows) for weights in seen.values()],
    )


def _answer(checkpoint: Checkpoint, prompt: list[int]) -> tuple[Tensor, list[int], list[int]]:
    """Return the whole input (T,), the steps that predict the answer, and its classes (never empty)."""
    codec, model = checkpoint.codec, checkpoint.model
    if codec.end:
        end, offset = codec.end_class, codec.offset
        answer = (greedy(model, [prompt], end, MAX_ANSWER, offset)[0] + [end])[:MAX_ANSWER]
        tokens = torch.tensor(prompt + [number + offset for number in answer[:-1]])
        return tokens, list(range(len(prompt) - 1, len(tokens))), answer
    tokens = torch.tensor(prompt)
    rows = codec.asked(prompt)
    with torch.inference_mode():
        scores = model(tokens.unsqueeze(0))[0][0, rows]
    return tokens, rows, scores.argmax(-1).tolist()


def _draws(codec: Codec, tokens: Tensor) -> list[Tensor]:
    """Choose what replaces each input: the other symbols of its kind, typed or answered, evenly thinned when long."""
    typed = sorted(codec.index[symbol] for symbol in codec.alphabet)
    answered = range(codec.offset, len(codec.symbols))
    most = max(1, MAX_REPLACEMENTS // len(tokens))
    draws = []
    for token in tokens.tolist():
        kind = answered if codec.separator and token in answered else typed
        others = [other for other in kind if other != token] or [token]
        draws.append(torch.tensor(others[:: -(-len(others) // most)]))
    return draws


def _agreement(weights: Array, influence: Array, rows: list[int]) -> Array:
    """Correlate the ranks of attention and influence over the past of each row, and average over rows, (H,)."""
    result = np.full(len(weights), np.nan, dtype=np.float32)
    for head, map_ in enumerate(weights):
        each = np.array(
            [spearman(map_[i, : at + 1], influence[i, : at + 1]) for i, at in enumerate(rows) if at > 1]
        )
        if np.isfinite(each).any():  # a constant row has no ranks
            result[head] = each[np.isfinite(each)].mean()
    return result
