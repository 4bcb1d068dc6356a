"""gradient: could a dependency be learned? How large dh_T / de_(T-k) is, the only road on which learning sees lag k.

Hochreiter 1991; Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013. The squared Frobenius norm is that of
random vectors, E |v^T J|^2 (Hutchinson 1989), and one backward pass carries a vector to every lag at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqtoolkit.retention.drive import check_varied
from seqtoolkit.retention.measured import batches, checked, finite
from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.retention.statistics import INTERVAL, curve_horizon, sequence_interval
from seqtoolkit.retention.view import View

VECTORS = 8
SHARE = 0.01  # of the gradient at the shortest lag; the horizon ends where less arrives

Floats = NDArray[np.float64]


def gradient(
    view: View,
    inputs: Tensor,
    lags: Sequence[int],
    *,
    seed: int = 0,
    drive: str = "iid",
    vectors: int = VECTORS,
    double: bool = False,
) -> list[Record]:
    """Measure the Frobenius norm of J_k = dh_T / de_(T-k) at each lag k, h_T the last features, e the embedded inputs.

    The estimate is the mean over sequences of log10 |J_k|, so that a few sequences with large gradients do not decide.
    Each sequence has its own random vectors: the interval over sequences holds their error too. The null is the least
    number that the arithmetic resolves. Lags at which a sequence lies below it are `below_floor` in the settings, and
    the estimate there is an upper limit; `exactly_zero` are those that no sequence depends on.
    `slope` in the settings is the change of log10 |J_k| with each lag: below 0 gradients vanish, above they explode.

    Args:
        inputs: (N, T) tokens or (N, T, F) features.
        lags: 0 or more, ascending, less than T.
        seed: of the random vectors.
        drive: the name of the data.
        vectors: m, 2 or more: as many backward passes; from D on the norm is exact.
        double: whether to compute in float64, whose floor is lower.

    Raises ValueError: the inputs or lags cannot be measured, the inputs do not vary, the model is not causal, or its
    gradients overflow.
    """
    if vectors < 2:
        raise ValueError(
            f"vectors is {vectors}; at least 2 are needed to know their error, 8 to 32 are usual"
        )
    with _frozen(view.model, double):
        inputs = checked(view, inputs, lags)
        check_varied([inputs])
        precision = next(view.model.parameters()).dtype
        squares = _squares(view, inputs, lags, vectors, seed)
    return [_record(view, lags, squares, precision, seed, drive)]


def _squares(view: View, inputs: Tensor, lags: Sequence[int], vectors: int, seed: int) -> Floats:
    """Return |v^T J_k|^2 of each sequence, vector and lag, (N, m, K)."""
    frames = orthogonal_vectors(len(inputs), view.width, vectors, seed)  # (m, N, D)
    first = inputs.shape[1] - 1 - lags[-1]  # no step before it is asked for
    found = []
    for rows in batches(len(inputs), inputs.shape[1]):
        with torch.no_grad():
            embedded = view.embed(inputs[rows])
            state = view.advance(embedded[:, :first])[1] if first else None
        x = embedded[:, first:].detach().requires_grad_()
        with torch.enable_grad():
            last = finite(view, view.advance(x, state)[0][:, -1])
        steps = [x.shape[1] - 1 - lag for lag in lags]
        found.append(np.stack([_backward(last, x, v)[:, steps] for v in frames[:, rows].to(last)], 1))
    return np.concatenate(found)


def _backward(last: Tensor, x: Tensor, vector: Tensor) -> Floats:
    """Return |v^T J|^2 for every step of x (B, T, D), from vectors (B, D), as (B, T)."""
    (found,) = torch.autograd.grad(last, x, vector, retain_graph=True)
    squares: Floats = found.double().square().sum(-1).cpu().numpy()
    if not np.isfinite(squares).all():
        raise ValueError(
            f"gradients overflow {_name(found.dtype)}: they explode with the lag;"
            " ask for smaller lags or measure with double=True"
        )
    return squares


def orthogonal_vectors(n: int, width: int, vectors: int, seed: int) -> Tensor:
    """Draw for each of n sequences m random vectors with E v v^T = I, orthogonal to each other, as (m, n, D).

    They repeat each other less than independent ones, and with m = D (or more) the sum over them is exact.
    """
    if vectors >= width:
        return math.sqrt(width) * torch.eye(width, dtype=torch.float64).unsqueeze(1).expand(-1, n, -1)
    draws = torch.randn(n, width, vectors, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    frames: Tensor = torch.linalg.qr(draws).Q
    return math.sqrt(width) * frames.permute(2, 0, 1)


def log_norms(squares: Floats, width: int, floor: float) -> Floats:
    """Return log10 |J_k| of each sequence and lag, (N, K), from |v^T J_k|^2 (N, m, K).

    A logarithm of a mean of few terms is too small on average: by exactly known terms when J_k has one direction, as
    at long lags, and when it has many alike; in between their number is estimated from how much the m terms differ.
    """
    m = squares.shape[1]
    logs: Floats = 0.5 * np.log10(np.maximum(squares.mean(1), floor**2))
    if m >= width:
        return logs
    totals = squares.sum(1, keepdims=True)
    shares = np.divide(squares, totals, out=np.full_like(squares, 1 / m), where=totals > 0)
    alike = np.square(shares).sum(1).mean(0)  # (d + 2) / (m d + 2) for d equal directions
    spread = np.maximum(m * alike - 1, 1e-9)
    directions = torch.from_numpy(np.maximum(2 * (1 - alike) / spread, 1.0))
    bias = torch.digamma(m * directions / 2) - torch.digamma(width * directions / 2) + math.log(width / m)
    corrected: Floats = logs - bias.numpy() / (2 * math.log(10))
    return corrected


def _record(
    view: View, lags: Sequence[int], squares: Floats, precision: torch.dtype, seed: int, drive: str
) -> Record:
    floor = _floor(precision, view.width)
    below, null = squares.mean(1) <= floor**2, math.log10(floor)
    logs = np.where(below, null, log_norms(squares, view.width, floor))
    above, some = logs - null, below.any(0)  # exactly 0 at the floor, and so is its mean
    lower, upper = sequence_interval(above)
    return Record(
        protocol="gradient",
        unit="log10 norm",
        lags=list(lags),
        estimate=(above.mean(0) + null).tolist(),
        lower=(lower + null).tolist(),
        upper=(upper + null).tolist(),
        null=[null] * len(lags),
        n=[len(logs)] * len(lags),
        horizon=_horizon(lags, logs, below),
        seed=seed,
        settings={
            "interval": INTERVAL,
            "part": view.part,
            "drive": drive,
            "vectors": squares.shape[1],
            "precision": _name(precision),
            "null": "the least number that the arithmetic resolves",
            "share": SHARE,
            "below_floor": np.asarray(lags)[some].tolist(),
            "exactly_zero": np.asarray(lags)[(squares == 0).all((0, 1))].tolist(),
            "slope": _slope(np.asarray(lags), logs, ~some),
        },
    )


def _horizon(lags: Sequence[int], logs: Floats, below: NDArray[np.bool_]) -> Horizon:
    """Find how far the gradient stays above a share of that at the shortest lag from 1 on; 0 below the floor."""
    first = next((i for i, lag in enumerate(lags) if lag >= 1), 0)
    least = math.log10(SHARE)
    relative = np.where(below, least - 1, logs - logs[:, [first]])
    return curve_horizon(lags, relative, least, 0.0)


def _slope(lags: NDArray[np.int64], logs: Floats, measured: NDArray[np.bool_]) -> dict[str, Any] | None:
    """Fit a line to the logs (N, K) of each sequence over the measured lags from 1 on; null with fewer than two."""
    used = measured & (lags >= 1)
    if used.sum() < 2:
        return None
    centred = lags[used] - lags[used].mean()
    slopes = logs[:, used] @ centred / np.square(centred).sum()
    lower, upper = sequence_interval(slopes[:, None])
    return {
        "unit": "log10 norm per lag",
        "estimate": float(slopes.mean()),
        "lower": float(lower[0]),
        "upper": float(upper[0]),
        "factor": 10.0 ** float(slopes.mean()),  # by which a gradient is multiplied at each step back
        "lags": [int(lags[used][0]), int(lags[used][-1])],
    }


def _floor(precision: torch.dtype, width: int) -> float:
    """Return the norm of D numbers, each the least one that has all its digits, and whose square has."""
    tiny = max(torch.finfo(precision).tiny, math.sqrt(torch.finfo(torch.float64).tiny))
    return tiny * math.sqrt(width)


def _name(precision: torch.dtype) -> str:
    return str(precision).removeprefix("torch.")


@contextmanager
def _frozen(model: nn.Module, double: bool) -> Iterator[None]:
    """Ask for no gradients of weights, which a backward pass would compute too, and compute in float64 if wanted."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    try:
        for weight in trained:
            weight.requires_grad_(False)
        with _doubled(model) if double else nullcontext():
            yield
    finally:
        for weight in trained:
            weight.requires_grad_(True)


@contextmanager
def _doubled(model: nn.Module) -> Iterator[None]:
    """Compute in float64; the way back to float32 is exact."""
    weights = {weight: weight.dtype for weight in model.parameters()}
    buffers = [
        (module, *named) for module in model.modules() for named in module.named_buffers(recurse=False)
    ]
    try:
        model.double()
        yield
    finally:
        for weight, dtype in weights.items():
            weight.data = weight.data.to(dtype)
        for module, name, buffer in buffers:
            setattr(module, name, buffer)
        for module in model.modules():
            if isinstance(module, nn.RNNBase):
                module.flatten_parameters()  # cuDNN wants them in one piece
