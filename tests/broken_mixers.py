"""A sound mixer, and for each law of the conformance suite one that breaks it."""

import torch
from torch import Tensor, nn

from seqtoolkit import SequenceMixer
from tests.broken_laws import Idle, Untrusted


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
