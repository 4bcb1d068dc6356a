"""A choice of model is checked and completed once, whoever makes it, and builds what it says."""

import inspect
from typing import Any

import pytest

from seqtoolkit import choice
from seqtoolkit.data.g2p import G2PData
from seqtoolkit.data.recall import RecallData
from seqtoolkit.described import Described, describe
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.model import SequenceModel
from seqtoolkit.task import SequenceTask

SHAPE = {"d_model": 16, "num_layers": 1, "block": "residual", "mlp_ratio": 0, "dropout": 0}
SPEC = G2PData().spec


def test_the_defaults_are_those_of_the_constructor() -> None:
    parameters = inspect.signature(SequenceTask).parameters
    assert set(parameters) - {"spec", "label_smoothing"} == set(choice.NAMES)
    assert {name: parameters[name].default for name in choice.ENCODER} == choice.DEFAULTS


def test_an_encoder_completes_what_follows_from_it() -> None:
    chosen = choice.complete({"arch": "lstm", **SHAPE, "encoder": "gru", "attention": "multihead"})
    assert choice.complete(chosen) == chosen
    assert (chosen["encoder_layers"], chosen["encoder_width"], chosen["encoder_config"]) == (1, 16, {})
    assert (chosen["arch_config"], chosen["attention_config"]) == ({"forget_bias": 1.0}, {"num_heads": 4})
    described = describe(chosen, SPEC)
    assert isinstance(described.build(), EncoderDecoder)
    assert str(described) == "gru to lstm, multihead"
    assert Described.from_dict(described.to_dict()) == described
    assert described.chosen == chosen


def test_without_an_encoder_it_is_one_sequence() -> None:
    described = describe({"arch": "lstm", **SHAPE}, SPEC)
    assert isinstance(described.build(), SequenceModel)
    assert (str(described), described.encoder) == ("lstm", None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"attention": "additive"},
            "attention='additive' is for a model that reads with an encoder: add --model.enc",
        ),
        ({"tie": True}, "tie=True is for a model"),
        ({"encoder_width": 8}, "encoder_width=8 is for a model"),
        ({"encoder_layers": 0}, "encoder_layers=0 is for a model"),
        ({"bidirectional": False}, "bidirectional=False is for a model"),
        ({"encoder": "lstn"}, "unknown architecture 'lstn': did you mean 'lstm'"),
        ({"encoder": "lstm", "attention": "aditive"}, "unknown attention 'aditive': did you mean 'additive'"),
        ({"encoder": "lstm", "attention_config": {"d": 1}}, "without an attention: add --model.attention"),
        (
            {"encoder": "lstm", "attention": "dot", "attention_config": {"d": 1}},
            "attention 'dot' has no option 'd'",
        ),
        ({"encoder": "lstm", "encoder_config": {"forget": 1}}, "did you mean 'forget_bias'"),
        ({"encoder": "lstm", "encoder_layers": 0}, "encoder_layers must be at least 1"),
        ({"arch": None}, "no architecture chosen: add --model.arch lstm"),
    ],
)
def test_what_cannot_be_is_one_clear_message(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        describe({"arch": "lstm", **SHAPE, **options}, SPEC).build()


def test_a_task_without_a_source_has_nothing_to_encode() -> None:
    with pytest.raises(ValueError, match="has no source apart from its target"):
        describe({"arch": "lstm", **SHAPE, "encoder": "lstm"}, RecallData().spec)
