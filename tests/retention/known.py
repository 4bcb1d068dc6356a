"""Models whose retention is known in closed form (METHODS 3), as mixers that every instrument can look at."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtoolkit import SequenceMixer, SequenceModel
from seqtoolkit.retention.view import View, view


class DelayLine(SequenceMixer):
    """The latest inputs one after the other: channel j * width + i is channel i of the input j steps ago."""

    def __init__(self, d_model: int, width: int = 1) -> None:
        super().__init__()
        self.width = width
        self.units = d_model // width

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mix x (B, T, D), of which the first `width` channels are the input; the state is (B, units - 1, width)."""
        before = x.new_zeros(len(x), self.units - 1, self.width) if state is None else state
        past = torch.cat([before, x[..., : self.width]], 1)  # (B, units - 1 + T, width)
        steps = x.shape[1]
        lines = [past[:, self.units - 1 - j : self.units - 1 - j + steps] for j in range(self.units)]
        return torch.cat(lines, -1), past[:, past.shape[1] - self.units + 1 :]


class Leaky(SequenceMixer):
    """h_t = a h_(t-1) + (1 - a) x_t in every channel. The state is h, (B, D)."""

    def __init__(self, d_model: int, a: float = 0.9) -> None:
        super().__init__()
        self.a = a

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mix x (B, T, D) by one matrix of powers."""
        steps = torch.arange(x.shape[1])
        ago = steps[:, None] - steps
        powers = torch.where(ago >= 0, self.a ** ago.clamp(min=0).double(), 0.0).to(x)
        h = (1 - self.a) * torch.einsum("ts,bsd->btd", powers, x)
        if state is not None:
            h = h + (self.a ** (steps + 1.0))[:, None].to(x) * state[:, None]
        return h, h[:, -1]

    def trace(self, x: Tensor, state: Tensor | None = None) -> dict[str, Tensor]:
        """Return the share of the past that every channel keeps, (B, T, D)."""
        return {"retention": torch.full_like(x, self.a), "hidden": self(x, state)[0]}


class Reservoir(SequenceMixer):
    """Random tanh units, of which random weights make D features: their covariance has the rank of the units."""

    def __init__(self, d_model: int, units: int = 8) -> None:
        super().__init__()
        self.recurrent = nn.Parameter(0.9 * torch.linalg.qr(torch.randn(units, units)).Q)
        # so much bends the units: nearly linear ones reach their rank, and an estimate is then above it by noise
        self.read = nn.Parameter(0.6 * torch.randn(units))
        self.spread = nn.Parameter(torch.randn(units, d_model))

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mix x (B, T, D), of which the first channel is the input; the state is (B, units)."""
        h = x.new_zeros(len(x), len(self.read)) if state is None else state
        steps = []
        for u in x[..., :1].unbind(1):
            h = (h @ self.recurrent + u * self.read).tanh()
            steps.append(h)
        return torch.stack(steps, 1) @ self.spread, h


class Constant(SequenceMixer):
    """Knows nothing of its inputs."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.linspace(-1, 1, d_model))

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, None]:
        """Return the same for any x (B, T, D), but with a gradient of 0."""
        return self.constant + 0 * x, None


def known(mixer: type[SequenceMixer], d_model: int = 1, symbols: int = 0, **options: float) -> View:
    """Look at a model of one plain block with this mixer and no other part that does anything.

    Its first channel is a scalar input, or its first `symbols` channels are the one-hot code of tokens.
    """
    model = SequenceModel(
        mixer,
        num_classes=max(2, symbols),
        vocab_size=symbols,
        num_features=0 if symbols else 1,
        d_model=d_model,
        num_layers=1,
        block="plain",
        arch_config=options,
    )
    with torch.no_grad():
        embedding = model.embedding
        assert isinstance(embedding, (nn.Embedding, nn.Linear))
        embedding.weight.zero_()
        width = max(1, symbols)
        code = torch.eye(width)
        if isinstance(embedding, nn.Linear):
            embedding.bias.zero_()
            embedding.weight[:width] = code
        else:
            embedding.weight[:, :width] = code
    return view(model)


def delay_line(units: int, symbols: int = 0) -> View:
    """rho2 and accuracy are 1 up to lag units - 1, then 0 and chance."""
    width = max(1, symbols)
    return known(DelayLine, units * width, symbols, width=width)


def leaky(a: float) -> View:
    """rho2 of the input k steps ago is a^(2k) (1 - a^2); a retention of a everywhere."""
    return known(Leaky, 1, a=a)


def leaky_curve(a: float, lags: list[int]) -> Tensor:
    """Return rho2 (K,) of a leaky unit."""
    return a ** (2 * torch.tensor(lags, dtype=torch.float64)) * (1 - a**2)


def constant(symbols: int = 0, d_model: int = 4) -> View:
    """Every curve is at chance."""
    return known(Constant, max(d_model, symbols), symbols)


def anything(seed: int) -> View:
    """Look at a random model of a random kind and width, driven by one scalar; the rank of some is less than that."""
    torch.manual_seed(seed)
    width, units = (
        int(2 * torch.randint(1, 13, ())) for _ in range(2)
    )  # even: attention turns channels in pairs
    kind = ("rnn", "lstm", "gru", "attention", "reservoir")[seed % 5]
    if kind == "reservoir":
        return known(Reservoir, width, units=min(units, width))
    options = {"num_heads": 1} if kind == "attention" else {}
    return view(
        SequenceModel(kind, num_classes=2, num_features=1, d_model=width, num_layers=1, arch_config=options)
    )


@torch.no_grad()
def rank(seen: View, inputs: Tensor) -> int:
    """Return the rank of the covariance of the features, as far as float32 can tell."""
    features = seen.features(seen.embed(inputs)).double().flatten(0, 1)
    return int(torch.linalg.matrix_rank(features.T.cov(), rtol=1e-11, hermitian=True))
