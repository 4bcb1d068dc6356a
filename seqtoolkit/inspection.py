"""What a checkpoint does with one input, typed or of its data: its answer, where it looked, and what it used."""

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
from seqtoolkit.example_inspection import Example, Read, influence_of_steps
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.influence import influence_map
from seqtoolkit.retention.rank_correlation import spearman

Array = npt.NDArray[np.float32]
MAX_ANSWER = 64  # symbols
MAX_ROWS = 48  # steps of an example that are answered
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
    read: Read | None = None  # of an example of numbers: what its last T steps were


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
    influence = influence_map(model, tokens, where, _draws(codec, tokens)).numpy()
    seen = _attention(model, tokens.unsqueeze(0), where)
    return Inspection(
        inputs=codec.decode(tokens.tolist()),
        rows=codec.names(answer),
        positions=rows,
        layers=list(seen),
        attention=list(seen.values()),
        influence=influence,
        agreement=[_agreement(weights, influence, rows) for weights in seen.values()],
    )


def inspect_example(checkpoint: Checkpoint, example: Example) -> Inspection:
    """Let a checkpoint answer an example of its data, and look inside while it does; its last steps are the columns.

    A row is a step that is answered, at most MAX_ROWS of them: by the name of its class, or by its number.
    """
    model, spec, first = checkpoint.model, checkpoint.described.spec, example.read.first
    assert isinstance(model, SequenceModel)  # an encoder-decoder reads symbols
    where = _thinned(example.asked[first:].nonzero().squeeze(-1) + first)
    loss = Loss.of(spec)
    influence = influence_of_steps(model, example, where, loss)
    seen = {
        layer: weights[..., first:] for layer, weights in _attention(model, example.inputs, where).items()
    }
    positions = (where - first).tolist()
    with torch.inference_mode():
        answers = model(example.inputs)[0][0, where].argmax(-1).tolist()
    names = spec.get("classes", []) if loss.target == "classes" else []
    return Inspection(
        inputs=example.read.steps,
        rows=[
            f"{step + 1}: {names[answer]}" if answer < len(names) else str(step + 1)
            for step, answer in zip(where.tolist(), answers, strict=True)
        ],
        positions=positions,
        layers=list(seen),
        attention=list(seen.values()),
        influence=influence,
        agreement=[_agreement(weights, influence, positions) for weights in seen.values()],
        read=example.read,
    )


def _thinned(steps: Tensor) -> Tensor:
    """Keep at most MAX_ROWS of the steps, spread evenly, the last one among them."""
    places = torch.linspace(0, len(steps) - 1, min(MAX_ROWS, len(steps))).round().long()
    return steps[places]


@torch.inference_mode()
def _attention(model: SequenceModel, inputs: Tensor, rows: Tensor) -> dict[int, Array]:
    """Return the weights (H, R, T) of each layer that has attention, of one sequence of inputs (1, T, ...)."""
    traces = enumerate(model.trace(inputs))
    return {i: attention_rows(trace, rows)[0].numpy() for i, trace in traces if "query" in trace}


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
