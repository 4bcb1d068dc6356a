"""Systems whose gradient, influence and time constants are known exactly: what an instrument must read."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from seqtoolkit import SequenceMixer, SequenceModel, State
from seqtoolkit.retention.view import View, view


class Rotation(SequenceMixer):
    """h_t = a U h_(t-1) + x_t, U a rotation: |J_k| = a^k sqrt(D), whatever the inputs."""

    def __init__(self, d_model: int, a: float = 0.9) -> None:
        super().__init__()
        self.weight = nn.Parameter(a * torch.linalg.qr(torch.randn(d_model, d_model)).Q)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        h = torch.zeros_like(x[:, 0]) if state is None else state
        steps = []
        for step in x.unbind(1):
            h = h @ self.weight.T + step
            steps.append(h)
        return torch.stack(steps, 1), h


class Decay(SequenceMixer):
    """h_t = g h_(t-1) + x_t with its own g for each of D channels, those of RetNet: 1 - 2^(-5-h) (Sun et al. 2023)."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.register_buffer("g", 1 - 2.0 ** (-5 - torch.arange(d_model)), persistent=False)
        self.none = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        h = torch.zeros_like(x[:, 0]) if state is None else state
        steps = []
        for step in x.unbind(1):
            h = self.g * h + step
            steps.append(h)
        return torch.stack(steps, 1), h

    def trace(self, x: Tensor, state: State | None = None) -> dict[str, Tensor]:
        assert isinstance(self.g, Tensor)
        return {"retention": self.g.expand_as(x)}


class Gated(SequenceMixer):
    """Keeps a share at each step that the input itself says: a_t = x_t."""

    def __init__(self, d_model: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        h = torch.zeros_like(x[:, 0]) if state is None else state
        for step in x.unbind(1):
            h = step * h + 1
        return x, h

    def trace(self, x: Tensor, state: State | None = None) -> dict[str, Tensor]:
        return {"retention": x}


class Delay(SequenceMixer):
    """y_t = x_(t-d) and nothing else, 0 before; the state is the last d inputs, (B, d, D)."""

    def __init__(self, d_model: int, d: int = 5) -> None:
        super().__init__()
        self.d = d

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        held = x.new_zeros(len(x), self.d, x.shape[2]) if state is None else state
        both = torch.cat([held, x], 1)
        return both[:, : x.shape[1]], both[:, x.shape[1] :].clone()


class Constant(SequenceMixer):
    """Says the same whatever it reads."""

    def __init__(self, d_model: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return 0 * x, None


class Ahead(SequenceMixer):
    """Sees one step of the future."""

    def __init__(self, d_model: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return x + 1e-3 * torch.cat([x[:, 1:], x[:, :1]], 1), None


def known(mixer: type[SequenceMixer], width: int = 8, **options: float) -> View:
    """Look at a mixer alone: D features are its inputs as they are, and its outputs are D scores."""
    model = SequenceModel(
        mixer,
        num_classes=width,
        num_features=width,
        d_model=width,
        num_layers=1,
        block="plain",
        arch_config=options,
    )
    for layer in (model.embedding, model.head):
        assert isinstance(layer, nn.Linear)
        nn.init.eye_(layer.weight)
        nn.init.zeros_(layer.bias)
    return view(model)


def symbols(n: int, steps: int, width: int, score: float, seed: int) -> Tensor:
    """Draw n sequences of symbols (n, steps, D), each `score` in one of D features."""
    drawn = torch.randint(width, (n, steps), generator=torch.Generator().manual_seed(seed))
    return score * nn.functional.one_hot(drawn, width).float()


def swapped_divergence(width: int, score: float) -> float:
    """Return KL(p || q) in nats for the scores of two different symbols."""
    total = math.exp(score) + width - 1
    return score * (math.exp(score) - 1) / total


def windowed(width: int, layers: int, seed: int) -> View:
    """Look at attention with random weights, of whose past `layers * (width - 1)` steps are within its windows."""
    torch.manual_seed(seed)
    options = {"window": width, "num_heads": 2}
    return view(
        SequenceModel(
            "attention", num_classes=7, vocab_size=7, d_model=8, num_layers=layers, arch_config=options
        )
    )
