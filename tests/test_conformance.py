"""The built-in architectures keep every law, and for every law a mixer that breaks it is caught."""

import subprocess
import sys

import pytest
import torch

from seqtoolkit.testing import LAWS, ConformanceError, Subject, hold, parametrize_architectures
from tests.broken_laws import broken_laws
from tests.broken_mixers import BROKEN, Builds, Causal, Decay

BUILT_IN = [
    "rnn",
    ("rnn", {"nonlinearity": "relu", "init": "irnn"}),
    "lstm",
    ("lstm", {"forget_bias": -1.0}),
    "gru",
    "attention",
    ("attention", {"num_heads": 1}),
    ("attention", {"window": 1}),
    ("attention", {"window": 5}),
]


@parametrize_architectures(BUILT_IN)
def test_built_in(check):
    check()


def test_a_sound_mixer_keeps_every_law():
    assert broken_laws(Decay) == []


def test_every_law_has_a_mixer_that_breaks_it():
    assert [laws[0] for laws in BROKEN.values()] == list(LAWS)


@pytest.mark.parametrize("cls", BROKEN, ids=lambda cls: cls.__name__)
def test_a_broken_mixer_breaks_its_law_and_no_other(cls):
    assert sorted(broken_laws(cls)) == sorted(BROKEN[cls])


def test_a_broken_law_is_told_in_numbers():
    with pytest.raises(
        ConformanceError, match=r"Inputs changed from step 1 of 12.*differs by 3.*expected the same bits"
    ):
        hold(("causal", LAWS["causal"]), Subject.of(Causal))


def test_an_error_of_the_mixer_breaks_the_law_and_stays_its_cause():
    with pytest.raises(ConformanceError, match="ValueError: d_model=8 is not 16") as caught:
        hold(("builds", LAWS["builds"]), Subject.of(Builds))
    assert isinstance(caught.value.__cause__, ValueError)


def test_the_state_of_attention_is_said_to_grow_and_that_of_a_window_to_be_bounded():
    law = ("state-size", LAWS["state-size"])
    # two tensors of 16 floats a step, and the position: 8 bytes
    assert hold(law, Subject.of("attention")).startswith("growing: 136, 2056,")
    assert hold(law, Subject.of(("attention", {"window": 5}))).startswith("bounded: 136, 520, 520, 520 ")


def test_checks_leave_the_random_numbers_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    for law in LAWS.items():
        hold(law, Subject.of("gru"))
    assert torch.equal(torch.rand(3), expected)


def test_ids_name_architecture_options_and_law():
    mark = parametrize_architectures([("attention", {"window": 5}), Decay]).mark
    ids = [param.id for param in mark.args[1]]
    assert ids == [f"{name}-{law}" for name in ("attention[window=5]", "Decay") for law in LAWS]


def test_the_suite_needs_no_pytest():
    code = "import sys, seqtoolkit.testing as t; assert t.LAWS and 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
