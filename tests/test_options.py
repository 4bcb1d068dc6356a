"""The options of a run are those of the constructor: complete, typed, plain, and explained when wrong."""

import enum
import json

import pytest

from seqtoolkit import SequenceMixer, options, plugins
from seqtoolkit.kinds import ARCHITECTURE, ATTENTION, KINDS
from seqtoolkit.plugins import PluginError


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("gru", {}, {}),
        ("lstm", {}, {"forget_bias": 1.0}),
        ("lstm", {"forget_bias": 2}, {"forget_bias": 2.0}),
        ("lstm", {"forget_bias": "2"}, {"forget_bias": 2.0}),  # as a command line hands it over
        ("attention", {"window": "8"}, {"num_heads": 4, "window": 8}),
        ("attention", {"window": "null", "num_heads": 2}, {"num_heads": 2, "window": None}),
        ("rnn", {"init": "irnn"}, {"nonlinearity": "tanh", "init": "irnn"}),
    ],
)
def test_defaults_are_filled_in_and_text_is_read(name, config, expected):
    complete = options.complete(name, config)
    assert complete == expected
    assert [type(value) for value in complete.values()] == [type(value) for value in expected.values()]
    plugins.get(name)(16, **complete)


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("dot", {}, {}),
        ("additive", {}, {"hidden": None}),
        ("additive", {"hidden": "64"}, {"hidden": 64}),
        ("multihead", {"num_heads": 2}, {"num_heads": 2}),
    ],
)
def test_those_of_an_attention_are_read_in_the_same_way(name, config, expected):
    complete = options.complete(name, config, ATTENTION)
    assert complete == expected
    plugins.get_attention(name)(16, 16, **complete)


INSTALLED = [(kind, name) for kind in KINDS for name in plugins.offered(kind)]


@pytest.mark.parametrize(("kind", "name"), INSTALLED, ids=lambda part: str(part))
def test_completing_twice_changes_nothing_and_the_result_is_plain(kind, name):
    once = options.complete(name, {}, kind)
    assert options.complete(name, once, kind) == once == json.loads(json.dumps(once))


@pytest.mark.parametrize(
    ("name", "config", "told"),
    [
        ("lstm", {"forget_bais": 2}, "'lstm' has no option 'forget_bais': did you mean 'forget_bias'?"),
        ("attention", {"heads": 2}, "'attention' has no option 'heads': "),
        ("gru", {"forget_bias": 2}, "'gru' has no option 'forget_bias': there are none to choose from"),
        ("lstm", {"forget_bias": "much"}, "'lstm': forget_bias='much' is not valid, expected float"),
        ("lstm", {"forget_bias": None}, "forget_bias=None is not valid, expected float"),
        ("lstm", {"forget_bias": [1.0]}, "forget_bias=[1.0] is not valid, expected float"),
        ("lstm", {"forget_bias": float("nan")}, "not plain JSON"),
        ("attention", {"window": 2.5}, "window=2.5 is not valid, expected int | null"),
        ("attention", {"num_heads": True}, "num_heads=True is not valid, expected int"),
        ("rnn", {"init": "zeros"}, "init='zeros' is not valid, expected Literal['orthogonal', 'irnn']"),
        ("rnn", {"d_model": 8}, "d_model=8 in arch_config: the width is the model's"),
        ("rnn", {3: 8}, "has no option 3"),
        ("rnn", ["tanh"], "arch_config is ['tanh']: expected options of 'rnn'"),
        ("lsmt", {}, "unknown architecture 'lsmt': did you mean 'lstm'?"),
    ],
)
def test_a_wrong_option_is_one_clear_line(name, config, told):
    with pytest.raises(PluginError) as caught:
        options.complete(name, config)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "config", "told"),
    [
        ("additive", {"hiden": 2}, "attention 'additive' has no option 'hiden': did you mean 'hidden'?"),
        (
            "additive",
            {"hidden": "wide"},
            "attention 'additive': hidden='wide' is not valid, expected int | null",
        ),
        ("dot", {"d_query": 8}, "d_query=8 in attention_config: the width is the model's"),
        ("dot", {"d_source": 8}, "d_source=8 in attention_config: the width is the model's"),
        ("dot", {"d_model": 8}, "attention 'dot' has no option 'd_model'"),
        ("dot", "wide", "attention_config is 'wide': expected options of 'dot'"),
        ("lstm", {}, "unknown attention 'lstm': it is an architecture, for --model.arch; "),
    ],
)
def test_a_wrong_option_of_an_attention_is_one_clear_line(name, config, told):
    with pytest.raises(PluginError) as caught:
        options.complete(name, config, ATTENTION)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_field_that_holds_the_options_can_be_named():
    with pytest.raises(PluginError, match="d_model=8 in encoder_config: the width"):
        options.complete("lstm", {"d_model": 8}, ARCHITECTURE, "encoder_config")


def test_the_description_shows_type_default_and_meaning_of_every_option():
    told = options.describe("attention")
    assert told.splitlines()[0].startswith("attention: Causal multi-head attention (Vaswani et al. 2017)")
    assert "--model.arch_config.window  int | null  (default: null)" in told
    assert "      Number of latest steps that a query sees, itself included" in told
    assert "d_model" not in told
    assert options.describe("gru").endswith("It has no options.")


def test_the_description_of_an_attention_names_its_own_field():
    told = options.describe("additive")
    assert "--model.attention_config.hidden  int | null  (default: null)" in told
    assert "d_query" not in told
    with pytest.raises(PluginError, match="unknown architecture 'additive'"):
        options.describe("additive", ARCHITECTURE)


class Colour(enum.Enum):
    RED = 1


class Odd(SequenceMixer):
    def __init__(self, d_model: int, colour: Colour = Colour.RED) -> None:
        super().__init__()

    def forward(self, x, state=None):
        return x, state


def test_an_option_that_is_not_plain_is_refused_but_described(monkeypatch):
    monkeypatch.setattr(plugins, "find", lambda name, *kinds: (kinds[0], Odd))
    with pytest.raises(PluginError, match="'odd' has an option that is not plain JSON"):
        options.complete("odd", {})
    assert "colour" in options.describe("odd")
