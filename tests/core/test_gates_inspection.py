"""Gates as the model has them, of the side that is asked for, and time constants that are those of known factors."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.codec import Codec
from seqtoolkit.data.recall import RecallData
from seqtoolkit.described import describe
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.gates_inspection import inspect_gates, time_constants
from seqtoolkit.model import SequenceModel

CODEC = Codec(
    symbols=("a", "b", "c", "d", ">", "a", "X", "Y", "."),
    alphabet=("a", "b", "c", "d"),
    example="abca",
    separator=">",
    end=".",
)
SHAPE = {"d_model": 8, "num_layers": 2, "block": "residual", "mlp_ratio": 0.0, "dropout": 0.3}


def checkpoint(arch: str, codec: Codec = CODEC, **chosen: object) -> Checkpoint:
    torch.manual_seed(3)
    classes = len(codec.symbols) - codec.offset if codec.separator else len(codec.alphabet)
    spec = {"task": "t", "vocab_size": len(codec.symbols), "num_classes": classes, "codec": codec.to_dict()}
    described = describe({"arch": arch, **SHAPE, **chosen}, spec)
    return Checkpoint(Path("x.ckpt"), described, described.build().eval(), 0)


@pytest.mark.parametrize(
    ("arch", "names"),
    [
        ("lstm", ["forget_gate", "input_gate", "output_gate", "cell", "hidden"]),
        ("gru", ["update_gate", "reset_gate", "hidden"]),
        ("rnn", ["hidden"]),
    ],
)
def test_every_layer_has_the_gates_and_states_of_its_architecture(arch: str, names: list[str]) -> None:
    seen = inspect_gates(checkpoint(arch), "abca")
    assert seen.inputs[:5] == ["a", "b", "c", "a", ">"]
    assert [layer.number for layer in seen.layers] == [1, 2]
    for layer in seen.layers:
        assert list(layer.maps) == names
        assert {one.shape for one in layer.maps.values()} == {(8, len(seen.inputs))}
        assert (layer.time_constants is None) == (arch == "rnn")


def test_maps_are_the_model_s_own_trace() -> None:
    opened = checkpoint("lstm")
    seen = inspect_gates(opened, "abcd")
    assert isinstance(opened.model, SequenceModel)
    tokens = torch.tensor([[CODEC.index[name] for name in seen.inputs[:5]]])
    trace = opened.model.trace(tokens)[1]["forget_gate"]
    np.testing.assert_allclose(seen.layers[1].maps["forget_gate"][:, :5], trace[0].T, atol=1e-6)


def test_attention_has_none() -> None:
    assert inspect_gates(checkpoint("attention", d_model=16), "abca").layers == []


def test_a_task_without_answers_is_read_as_typed() -> None:
    codec = Codec.from_dict(RecallData(num_symbols=4, length=32, max_lag=8).spec["codec"])
    seen = inspect_gates(checkpoint("gru", codec), "AbcaB?")
    assert seen.inputs == list("AbcaB?")


@pytest.mark.parametrize("both", [True, False])
def test_each_side_of_an_encoder_decoder(both: bool) -> None:
    opened = checkpoint("gru", encoder="lstm", bidirectional=both)
    source = inspect_gates(opened, "abcd", "encoder")
    assert source.inputs == list("abcd")
    assert source.both_ways is both
    assert "forget_gate" in source.layers[0].maps
    assert isinstance(opened.model, EncoderDecoder)
    block = opened.model.encoder.blocks[0]
    embedded = block.norm(opened.model.encoder.embedding(torch.tensor([[0, 1, 2, 3]])))  # type: ignore[operator, union-attr]
    mixer = block.mixer.ahead if both else block.mixer  # type: ignore[union-attr]
    expected = mixer.trace(embedded)["cell"][0].T.detach()  # type: ignore[union-attr, operator]
    np.testing.assert_allclose(source.layers[0].maps["cell"], expected, atol=1e-6)
    target = inspect_gates(opened, "abcd", "decoder")
    assert target.inputs[0] == ">"
    assert "update_gate" in target.layers[0].maps
    assert not target.both_ways


def test_attention_before_the_step_is_part_of_what_the_decoder_reads() -> None:
    opened = checkpoint("lstm", encoder="lstm", attention="additive", attend="before")
    assert inspect_gates(opened, "abcd").layers[1].maps["cell"].shape[0] == 8


@given(st.lists(st.floats(0.01, 0.999), min_size=1, max_size=6))
def test_a_constant_factor_has_its_time_constant(factors: list[float]) -> None:
    kept = torch.tensor(factors, dtype=torch.float64).expand(2, 5, -1)
    np.testing.assert_allclose(time_constants(kept), [-1 / math.log(a) for a in factors], rtol=1e-4)


def test_a_unit_that_keeps_or_loses_all_has_a_place() -> None:
    found = time_constants(torch.tensor([[[1.0, 0.0]]]))
    assert math.isinf(found[0])
    assert found[0] > 0
    assert 0 < found[1] < 0.02


@pytest.mark.parametrize(("text", "side"), [("", "decoder"), ("xyz", "decoder"), ("abc", "both")])
def test_what_cannot_be_read_says_so(text: str, side: str) -> None:
    with pytest.raises(ValueError, match=r"empty input|reads only|expected one of encoder, decoder"):
        inspect_gates(checkpoint("lstm"), text, side)  # type: ignore[arg-type]


def test_a_model_of_numbers_says_that_nothing_can_be_typed() -> None:
    described = describe({"arch": "gru", **SHAPE}, {"task": "t", "num_features": 3, "num_classes": 2})
    numbers = Checkpoint(Path("x.ckpt"), described, described.build().eval(), 0)
    with pytest.raises(ValueError, match=r"x\.ckpt reads numbers.*: nothing can be typed for it"):
        inspect_gates(numbers, "1 2 3")
