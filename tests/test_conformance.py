"""The built-in architectures keep every law, and for every law a mixer that breaks it is caught."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from seqtoolkit import SequenceMixer
from seqtoolkit.testing import LAWS, ConformanceError, Subject, hold, parametrize_architectures
from tests.broken_laws import Idle, Untrusted, broken_laws

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


class Decay(SequenceMixer):
    """A sound mixer, the ground on which the broken ones stand: h_t = a h_(t-1) + W x_t.

    Args:
        d_model: width.
        rate: starting point of a, before the sigmoid.
    """

    limit = 1.0  # of a

    def __init__(self, d_model: int, rate: float = 2.0) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.full((d_model,), rate))
        self.mix = nn.Linear(d_model, d_model)

    def scan(self, x: Tensor, h: Tensor) -> Tensor:
        out = []
        for step in self.mix(x).unbind(1):
            h = self.limit * self.rate.sigmoid() * h + step
            out.append(h)
        return torch.stack(out, 1)

    def forward(self, x, state=None):
        h = x.new_zeros(x[:, 0].shape) if state is None else state["h"]
        out = self.scan(x, h)
        return out, {"h": out[:, -1].clone()}

    def trace(self, x, state=None):
        return {"hidden": Decay.forward(self, x, state)[0], "retention": self.rate.sigmoid().expand_as(x)}


class Builds(Decay):
    """Only one width."""

    def __init__(self, d_model: int) -> None:
        if d_model != 16:
            raise ValueError(f"d_model={d_model} is not 16")
        super().__init__(d_model)


class Constructor(Decay):
    """An option that nobody explains."""

    def __init__(self, d_model: int, rate: float = 2.0, mystery: int = 3) -> None:
        super().__init__(d_model, rate)


class ShapeAndDtype(Decay):
    """Double precision where mixed precision was asked for."""

    def forward(self, x, state=None):
        out, state = super().forward(x, state)
        return (out.double() if torch.is_autocast_enabled("cpu") else out), state


class StateDict(Decay):
    """A weight that is neither parameter nor buffer."""

    def __init__(self, d_model: int) -> None:
        super().__init__(d_model)
        self.scale = torch.rand(d_model)

    def forward(self, x, state=None):
        out, state = super().forward(x, state)
        return out * self.scale.to(x.dtype), state


class Saved(Untrusted, Decay):
    """A checkpoint that needs a class to be trusted."""


class Streaming(Decay):
    """A second piece that starts from nothing."""

    def forward(self, x, state=None):
        return super().forward(x, None)


class Causal(Decay):
    """A normalisation over the whole time."""

    def forward(self, x, state=None):
        out, state = super().forward(x, state)
        return out - out.mean(1, keepdim=True), state


class RowsIndependent(Decay):
    """A normalisation over the batch."""

    def forward(self, x, state=None):
        out, state = super().forward(x, state)
        return out - out.mean(0, keepdim=True), state


class RightPadding(Decay):
    """Outputs that depend on how long the row is said to be."""

    def forward(self, x, state=None):
        out, state = super().forward(x, state)
        return out / x.shape[1], state


class StateBatchFirst(Decay):
    """A state with the batch last."""

    def forward(self, x, state=None):
        out, after = super().forward(x, None if state is None else {"h": state["h"].T})
        return out, {"h": after["h"].T.clone()}

    def trace(self, x, state=None):
        return super().trace(x, None if state is None else {"h": state["h"].T})


class StateSize(Decay):
    """A state that keeps the whole past alive behind a view."""

    def forward(self, x, state=None):
        out, _ = super().forward(x, state)
        return out, {"h": out[:, -1]}


class Trace(Decay):
    """Retention that is no share."""

    def trace(self, x, state=None):
        traced = super().trace(x, state)
        return traced | {"retention": traced["retention"] + 1}


class Deterministic(Decay):
    """A state that is changed in place."""

    def forward(self, x, state=None):
        out, after = super().forward(x, state)
        if state is not None:
            state["h"].add_(1)
        return out, after


class Gradients(Idle, Decay):
    """A weight that is never used."""

    def __init__(self, d_model: int) -> None:
        super().__init__(d_model)


class Gradcheck(Decay):
    """Half of the function hidden from autograd."""

    def forward(self, x, state=None):
        out, state = super().forward(x, state)
        return out + x.detach().square(), state


class Long(Decay):
    """A recurrence that grows by a few percent at each step."""

    limit = 1.2


# Each broken mixer with every law that it breaks: the one it stands for first, then what follows from that.
BROKEN = {
    Builds: ["builds"],
    Constructor: ["constructor"],
    ShapeAndDtype: ["shape-and-dtype"],
    StateDict: ["state-dict"],
    Saved: ["saved"],
    Streaming: ["streaming"],
    Causal: ["causal", "streaming", "right-padding"],
    RowsIndependent: ["rows-independent", "right-padding", "state-batch-first"],
    RightPadding: ["right-padding", "streaming"],
    StateBatchFirst: ["state-batch-first", "state-size", "trace"],
    StateSize: ["state-size"],
    Trace: ["trace"],
    Deterministic: ["deterministic", "gradients", "gradcheck"],
    Gradients: ["gradients"],
    Gradcheck: ["gradcheck"],
    Long: ["long"],
}


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
