"""What the tests of decoding share: a model, records by unit, and the moments of drawn tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtoolkit import SequenceModel
from seqtoolkit.retention.discriminant import contrasts
from seqtoolkit.retention.readout import Moments, moments
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.scoring import Part
from seqtoolkit.retention.view import View, view

NONE = torch.zeros(0, dtype=torch.long)


def gru(d_model: int = 8, **inputs: int) -> View:
    torch.manual_seed(0)
    sizes = inputs or {"vocab_size": 4}
    return view(SequenceModel("gru", num_classes=3, d_model=d_model, num_layers=1, **sizes))  # type: ignore[arg-type]


def by_unit(records: list[Record]) -> dict[str, Record]:
    return {record.unit: record for record in records}


def some_moments(
    seen: View, n: int, lags: list[int], seed: int = 0
) -> tuple[Moments, Tensor, Tensor, Tensor]:
    """Return moments of tokens (4 of them, uneven), features (R, D), symbols (R, K) and the frequency (V,)."""
    frequency = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.multinomial(frequency, n * 20, replacement=True, generator=generator).view(n, 20)
    part = Part.of(tokens, contrasts(frequency)[tokens], tokens, torch.arange(n))
    found = moments(seen, tokens, part.targets[:1], lags, NONE)
    with torch.no_grad():
        features = seen.features(seen.embed(tokens))[:, lags[-1] :].flatten(0, 1).double()
    past = torch.stack([tokens[:, lags[-1] - lag : 20 - lag].flatten() for lag in lags], 1)
    return found, features, past, frequency
