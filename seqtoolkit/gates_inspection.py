"""What a checkpoint keeps while it reads one input: gates and states step by step, and how long a unit remembers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqtoolkit.bidirectional import Bidirectional
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.decoding import greedy
from seqtoolkit.encoder import Encoder
from seqtoolkit.example_inspection import Example, Read
from seqtoolkit.mixer import SequenceMixer
from seqtoolkit.model import Block, SequenceModel
from seqtoolkit.retention.view import view

Array = npt.NDArray[np.float32]
Side = Literal["encoder", "decoder"]
GATES = ("forget_gate", "input_gate", "output_gate", "update_gate", "reset_gate")
STATES = ("cell", "hidden")
MAX_ANSWER = 64  # symbols
SMALLEST = 1e-30  # a factor below it has forgotten all, and has no logarithm in float32


@dataclass(frozen=True)
class Layer:
    """What the mixer of one layer did: each map is (D, T), the units as they are numbered in the weights."""

    number: int  # from 1
    maps: dict[str, Array]  # of `GATES` and `STATES`, those that it has
    time_constants: (
        Array | None
    )  # (D,) in steps, infinite for a unit that forgets nothing; none without `retention`


@dataclass(frozen=True)
class GatesInspection:
    """The gates and states of every layer that has some, over the T inputs that were read."""

    inputs: list[str]  # T names
    layers: list[Layer]
    both_ways: bool  # the encoder reads from both ends, and this is its forward direction
    read: Read | None = None  # of an example of numbers: what its last T steps were


def inspect_gates(checkpoint: Checkpoint, text: str, side: Side = "decoder") -> GatesInspection:
    """Let a checkpoint read `text` and its own answer to it, and look at its gates meanwhile.

    Of an encoder-decoder, `side` reads: the encoder the source, the decoder its own answer to it.

    Raises ValueError when the text is empty or has what the model cannot read, and for an unknown side.
    """
    if side not in get_args(Side):
        raise ValueError(f"side is {side!r}; expected one of {', '.join(get_args(Side))}")
    codec, model = checkpoint.codec, checkpoint.model
    prompt = codec.encode(text)
    if isinstance(model, SequenceModel):
        tokens = [*prompt, *(number + codec.offset for number in _answer(checkpoint, prompt)[:-1])]
        traces = view(model).trace(torch.tensor([tokens]))
        return GatesInspection(codec.decode(tokens), _layers(traces), both_ways=False)
    source = torch.tensor(prompt[:-1])
    if side == "encoder":
        traces = _encoder_traces(model.encoder, source[None])
        return GatesInspection(codec.decode(prompt[:-1]), _layers(traces), model.encoder.bidirectional)
    classes = [0, *_answer(checkpoint, prompt)[:-1]]
    traces = view(model, "decoder", source).trace(torch.tensor([classes]))
    return GatesInspection(codec.names(classes), _layers(traces), both_ways=False)


def inspect_example_gates(checkpoint: Checkpoint, example: Example) -> GatesInspection:
    """Let a checkpoint read an example of its data, and look at its gates during its last steps.

    Time constants are means over all steps that were read.
    """
    model, first = checkpoint.model, example.read.first
    assert isinstance(model, SequenceModel)  # an encoder-decoder reads symbols
    layers = [
        replace(layer, maps={name: values[:, first:] for name, values in layer.maps.items()})
        for layer in _layers(view(model).trace(example.inputs))
    ]
    return GatesInspection(example.read.steps, layers, both_ways=False, read=example.read)


def time_constants(retention: Tensor) -> Array:
    """Return tau = -1 / E[ln a] of factors a (..., T, D) in [0, 1], the mean over all steps, (D,) in steps."""
    logs = retention.double().clamp(SMALLEST, 1.0).log().flatten(0, -2).mean(0)
    return np.asarray((-1 / logs.clamp(max=0.0)).abs(), dtype=np.float32)  # -1 / 0 is infinite


def _answer(checkpoint: Checkpoint, prompt: list[int]) -> list[int]:
    """Return the classes of the model's own answer, the end mark included; none for tasks without a separator."""
    codec = checkpoint.codec
    if not codec.separator:
        return []
    found = greedy(checkpoint.model, [prompt], codec.end_class, MAX_ANSWER, codec.offset)[0]
    return [*found, codec.end_class]


@torch.no_grad()
def _encoder_traces(encoder: Encoder, source: Tensor) -> list[dict[str, Tensor]]:
    """Return the trace of each block for a source (1, S); of those that read from both ends, that of the way ahead."""
    x, lengths, traces = encoder.embedding(source), torch.tensor([source.shape[1]]), []
    for block in encoder.blocks:
        assert isinstance(block, Block)
        read = block.norm(x)
        mixer = block.mixer.ahead if isinstance(block.mixer, Bidirectional) else block.mixer
        assert isinstance(mixer, SequenceMixer)
        traces.append(mixer.trace(read))
        mixed = block.mixer(read, lengths) if encoder.bidirectional else block.mixer(read)[0]
        x = block.add(x, mixed)
    return traces


def _layers(traces: list[dict[str, Tensor]]) -> list[Layer]:
    """Keep the layers that have gates or states of one value for each step and unit."""
    layers = []
    for number, trace in enumerate(traces, 1):
        maps = {name: trace[name] for name in (*GATES, *STATES) if name in trace and trace[name].ndim == 3}
        kept = trace.get("retention")
        if maps:
            layers.append(
                Layer(
                    number,
                    {name: value[0].T.float().numpy() for name, value in maps.items()},
                    None if kept is None else time_constants(kept),
                )
            )
    return layers
