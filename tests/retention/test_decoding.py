"""decoding: its arithmetic equals the direct one, it reads known models correctly, and says what it cannot measure."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqtoolkit import SequenceModel
from seqtoolkit.retention import readout
from seqtoolkit.retention.decoding import decoding, fit_readouts, split
from seqtoolkit.retention.decoding_report import Fitted, correlation_values, report
from seqtoolkit.retention.discriminant import contrasts, discriminants
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.readout import Moments, fit, moments
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.scoring import Part
from seqtoolkit.retention.statistics import sequence_interval
from seqtoolkit.retention.view import View, view
from tests.retention.known import (
    Constant,
    DelayLine,
    Leaky,
    Reservoir,
    anything,
    constant,
    delay_line,
    leaky,
    leaky_curve,
    rank,
)

NONE = torch.zeros(0, dtype=torch.long)


def gru(d_model: int = 8, **inputs: int) -> View:
    torch.manual_seed(0)
    sizes = inputs or {"vocab_size": 4}
    return view(SequenceModel("gru", num_classes=3, d_model=d_model, num_layers=1, **sizes))  # type: ignore[arg-type]


def by_unit(records: list[Record]) -> dict[str, Record]:
    return {record.unit: record for record in records}


@settings(max_examples=10, deadline=None)
@given(
    lags=st.sets(st.integers(0, 15), min_size=1, max_size=4).map(sorted),
    seed=st.integers(0, 100),
    block=st.sampled_from([3, 256]),
)
def test_moments_of_all_lags_equal_those_of_each(lags: list[int], seed: int, block: int) -> None:
    seen = gru(num_features=2)
    inputs = drive(seen, 5, 24, seed) + 3
    part = Part.of(inputs, inputs, None, torch.arange(5))
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(readout, "BLOCK", block)
        patch.setattr(readout, "CHUNK", 48)
        patch.setattr(readout, "ROWS", 2)  # sequences at a time
        found = moments(seen, part.inputs, part.targets, lags, NONE)
        h = seen.features(seen.embed(inputs))[:, lags[-1] :].flatten(0, 1).double()
    columns = [target[:, lags[-1] - lag : 24 - lag].flatten(0, 1) for target in part.targets for lag in lags]
    for column, u in enumerate(columns):
        both = torch.cov(torch.cat([h, u.double()], 1).T, correction=0)
        torch.testing.assert_close(found.covariance, both[:8, :8], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(found.cross[column], both[:8, 8:], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(found.target_variance[column], both.diagonal()[8:])
        torch.testing.assert_close(found.target_mean[column], u.double().mean(0))
    torch.testing.assert_close(found.mean, h.mean(0), rtol=1e-5, atol=1e-6)


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


def test_a_readout_solves_the_normal_equations_of_its_ridge() -> None:
    train, features, _, _ = some_moments(gru(), 40, [1, 3])
    fitted = fit(train, some_moments(gru(), 20, [1, 3], seed=1)[0])
    covariance = torch.cov(features.T, correction=0)
    for weights, ridge, cross in zip(fitted.weights, fitted.ridges, train.cross, strict=True):
        regular = covariance + ridge * covariance.diagonal().diag()
        torch.testing.assert_close(regular @ weights, cross, rtol=1e-5, atol=1e-8)
    assert fitted.rank == 7  # the norm of the layer takes one direction away


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=9))
def test_contrasts_are_white(weights: list[float]) -> None:
    frequency = torch.tensor(weights, dtype=torch.float64) / sum(weights)
    code = contrasts(frequency)
    torch.testing.assert_close(frequency @ code, torch.zeros(len(weights) - 1, dtype=torch.float64))
    covariance = code.T @ (frequency[:, None] * code)
    torch.testing.assert_close(covariance, torch.eye(len(weights) - 1, dtype=torch.float64))


def test_the_discriminant_equals_that_of_normal_densities() -> None:
    train, features, past, frequency = some_moments(gru(), 60, [0, 1])
    fitted = fit(train, train)
    maps, offsets = discriminants(fitted, frequency)
    for column in range(2):
        predicted = (features - fitted.mean) @ fitted.weights[column]
        scores = predicted @ maps[column] + offsets[column]
        classes = [features[past[:, column] == symbol] for symbol in range(4)]
        within = sum(torch.cov(part.T, correction=0) * len(part) for part in classes) / len(features)
        within = within + fitted.ridges[column] * torch.cov(features.T, correction=0).diagonal().diag()
        directions = torch.linalg.solve(
            within, torch.stack([part.mean(0) - fitted.mean for part in classes], 1)
        )
        middle = torch.stack([(part.mean(0) + fitted.mean) / 2 for part in classes])
        direct = (features[:, None] - middle).mul(directions.T).sum(-1)
        direct, scores = (each - each.mean(-1, keepdim=True) for each in (direct, scores))
        torch.testing.assert_close(scores, direct, rtol=1e-3, atol=1e-3)


def logistic(features: Tensor, symbols: Tensor, tried: Tensor, wanted: Tensor) -> tuple[float, float]:
    """Return accuracy and bits of a multinomial logistic regression, fitted without a shortcut."""
    mean, size = features.mean(0), features.std(0)
    layer = torch.nn.Linear(features.shape[1], 4, dtype=torch.float64)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(layer((features - mean) / size), symbols)
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        scores = layer((tried - mean) / size)
        nats = torch.nn.functional.cross_entropy(scores, wanted).item()
    return (scores.argmax(-1) == wanted).double().mean().item(), 2 - nats / np.log(2)


@pytest.mark.parametrize("arch", ["gru", "rnn"])
def test_tokens_are_found_as_well_as_by_logistic_regression(arch: str) -> None:
    torch.manual_seed(1)
    seen = view(SequenceModel(arch, 3, vocab_size=4, d_model=8, num_layers=1, block="plain"))
    tokens, lags = drive(seen, 240, 24, 0), [0, 1, 2, 4]
    records = by_unit(decoding(seen, tokens, lags))
    train, val, test = split(240, 0)
    with torch.no_grad():
        features = seen.features(seen.embed(tokens))[:, 4:].double()
    learn, tried = torch.cat([train, val]), test
    for column, lag in enumerate(lags):
        past = tokens[:, 4 - lag : 24 - lag]
        accuracy, bits = logistic(
            features[learn].flatten(0, 1),
            past[learn].flatten(),
            features[tried].flatten(0, 1),
            past[tried].flatten(),
        )
        assert accuracy - 0.06 <= records["accuracy"].estimate[column] <= accuracy + 0.03
        assert bits - 0.2 <= records["bits"].estimate[column] <= bits + 0.03


@pytest.mark.parametrize("mixer", [DelayLine(4), DelayLine(6, width=2), Leaky(3), Reservoir(3), Constant(3)])
def test_the_known_models_keep_the_law_of_mixers(mixer: DelayLine | Leaky | Reservoir | Constant) -> None:
    x = torch.randn(2, 9, 6 if isinstance(mixer, DelayLine) and mixer.width == 2 else mixer_width(mixer))
    whole, _ = mixer(x)
    for cut in range(1, 9):
        first, state = mixer(x[:, :cut])
        second, _ = mixer(x[:, cut:], state)
        torch.testing.assert_close(torch.cat([first, second], 1), whole)


def mixer_width(mixer: DelayLine | Leaky | Reservoir | Constant) -> int:
    return mixer.units if isinstance(mixer, DelayLine) else 3


def test_a_delay_line_is_read_exactly() -> None:
    seen, lags = delay_line(6), list(range(10))
    records = by_unit(decoding(seen, drive(seen, 160, 40, 0), lags))
    for unit in ("R2", "rho2"):
        record = records[unit]
        assert record.estimate[:6] == pytest.approx([1] * 6, abs=1e-6)
        assert record.estimate[6:] == pytest.approx([0] * 4, abs=0.02)
        assert record.null == pytest.approx([0] * 10, abs=0.02)
        assert (record.horizon.lower, record.horizon.upper) == (5, 5)  # type: ignore[union-attr]
        assert Record.from_dict(record.to_dict()) == record
    capacity = records["rho2"].settings["capacity"]
    assert capacity["estimate"] == pytest.approx(6, abs=0.03)
    assert (capacity["rank"], capacity["complete"]) == (6, True)


def test_a_delay_line_of_tokens_is_read_exactly() -> None:
    seen, lags = delay_line(3, symbols=5), [0, 1, 2, 3, 6]
    records = by_unit(decoding(seen, drive(seen, 160, 40, 0), lags))
    assert list(records) == ["accuracy", "bits", "R2", "rho2"]
    assert records["accuracy"].estimate[:3] == [1, 1, 1]
    assert records["accuracy"].estimate[3:] == pytest.approx([0.2, 0.2], abs=0.05)
    assert records["accuracy"].null == pytest.approx([0.2] * 5)
    assert records["bits"].estimate == pytest.approx([np.log2(5)] * 3 + [0, 0], abs=0.02)
    assert [str(record.horizon) for record in records.values()] == ["2 [2, 2]"] * 4
    assert records["rho2"].settings["capacity"]["estimate"] == pytest.approx(12, abs=0.05)


@pytest.mark.parametrize("symbols", [0, 4])
def test_a_constant_model_is_at_chance_everywhere(symbols: int) -> None:
    seen = constant(symbols)
    for record in decoding(seen, drive(seen, 130, 20, 0), [0, 1, 2, 4]):
        assert record.estimate == pytest.approx(record.null, abs=0.05)
        assert (record.horizon.estimate, record.horizon.lower, record.horizon.upper) == (0, 0, 0)  # type: ignore[union-attr]
    assert record.settings["capacity"]["estimate"] == record.settings["rank"] == 0


def covers(
    fitted: Fitted, records: dict[str, Record], covariance: Tensor, cross: Tensor
) -> dict[str, list[bool]]:
    """Say for each of K lags whether the intervals hold the truth of the fitted readout.

    It is known from the covariance (D, D) of the features and theirs with the inputs (K, D) of variance 1.
    """
    count, eps = len(cross), 1e-9
    weights, shift = fitted.readout.weights[:count, :, 0], fitted.readout.target_mean[:count, 0]
    variance = torch.einsum("kd,de,ke->k", weights, covariance, weights)
    shared = (weights * cross).sum(1)
    bias = (weights * fitted.readout.mean).sum(1) - shift
    explained = 1 - (1 + variance - 2 * shared + bias**2) / (1 + shift**2)
    signed = shared / variance.sqrt()
    lower, upper = sequence_interval(correlation_values(fitted.scores.columns(slice(count))))
    intervals = {
        "R2": (records["R2"].lower, records["R2"].upper, explained),
        "rho2": (records["rho2"].lower, records["rho2"].upper, signed**2),
        "rho": (lower, upper, signed),
    }
    return {
        unit: [a - eps <= truth <= b + eps for a, b, truth in zip(low, high, truths.tolist(), strict=True)]
        for unit, (low, high, truths) in intervals.items()
    }


LEAKY_LAGS = [0, 1, 2, 4, 8, 24]
DELAY_LAGS = [0, 3, 4, 5, 8]
A = 0.8
POWERS = A ** torch.tensor(LEAKY_LAGS, dtype=torch.float64)
KNOWN = {  # model, lags, steps, covariance of h, covariance with the input at each lag, horizon of R2 > 0.1, capacity
    "leaky": (leaky(A), LEAKY_LAGS, 60, torch.tensor([[(1 - A) / (1 + A)]]), (1 - A) * POWERS[:, None], 2),
    "delay": (delay_line(4), DELAY_LAGS, 40, torch.eye(4), torch.eye(9)[DELAY_LAGS, :4], 3),
}


@pytest.mark.parametrize("name", KNOWN)
def test_intervals_cover_the_truth_at_the_nominal_rate(name: str) -> None:
    seen, lags, steps, covariance, cross, horizon = KNOWN[name]
    hits: dict[str, list[list[bool]]] = {"R2": [], "rho2": [], "rho": []}
    horizons = []
    for seed in range(400):
        inputs = drive(seen, 240, steps, seed)
        fitted = fit_readouts(seen, inputs, lags)
        records = by_unit(report(fitted, lags, seed, 0.1))
        for unit, each in covers(fitted, records, covariance.double(), cross.double()).items():
            hits[unit].append(each)
        horizons.append(records["R2"].horizon)
    exact = [name == "delay" and lag < 4 for lag in lags]
    for unit, table in hits.items():
        rates = np.mean(table, 0)
        for lag, rate, certain in zip(lags, rates, exact, strict=True):
            assert rate == 1 if certain else 0.92 <= rate <= 0.98, (unit, lag, rate)
    assert np.mean([h.lower <= horizon <= h.upper for h in horizons if h]) >= 0.95


def test_a_leaky_unit_has_the_curve_of_its_formula_and_a_capacity_of_one() -> None:
    seen, lags = leaky(A), list(range(25))
    record = by_unit(decoding(seen, drive(seen, 800, 60, 0), lags))["rho2"]
    assert record.estimate == pytest.approx(leaky_curve(A, lags).tolist(), abs=0.03)
    capacity = record.settings["capacity"]
    assert capacity["lower"] <= 1 <= capacity["upper"]
    assert capacity["estimate"] == pytest.approx(1, abs=0.1)  # the tail below the null counts as 0
    assert capacity["rank"] == 1


def test_no_model_has_more_capacity_than_its_features_have_directions() -> None:
    """Random models of five kinds (METHODS 3); some come near: the law is no idle one."""
    shares = []
    for seed in range(40):
        seen = anything(seed)
        inputs = drive(seen, 160, 64, 1_000 + seed)
        capacity = by_unit(decoding(seen, inputs, list(range(24))))["rho2"].settings["capacity"]
        known = rank(seen, inputs)
        assert capacity["estimate"] <= known <= seen.width
        assert capacity["estimate"] <= capacity["rank"] <= seen.width
        shares.append(capacity["estimate"] / known)
    assert max(shares) > 0.8


def test_what_is_gone_has_no_horizon() -> None:
    """Lags beyond a delay line: at chance, though the features are full of other inputs."""
    seen, alarms = delay_line(4), []
    for seed in range(400):
        alarms.append(decoding(seen, drive(seen, 120, 30, seed), [4, 5, 6, 8, 12], margin=0.0)[0].horizon)
    assert np.mean([h.estimate > 0 for h in alarms if h]) <= 0.05


def test_the_seed_decides_and_training_mode_is_given_back() -> None:
    seen = gru()
    seen.model.train()
    tokens = drive(seen, 130, 16, 0)
    assert decoding(seen, tokens, [0, 2], seed=1) == decoding(seen, tokens, [0, 2], seed=1)
    assert decoding(seen, tokens, [0, 2], seed=1) != decoding(seen, tokens, [0, 2], seed=2)
    assert all(module.training for module in seen.model.modules())


def test_inputs_that_hang_together_have_no_capacity_beyond_the_rank() -> None:
    seen = delay_line(2)
    inputs = drive(seen, 130, 30, 0).repeat_interleave(8, 1)[:, :40]  # each input eight times
    with pytest.raises(RuntimeError, match=r"capacity of .* exceeds the rank 2 .* not independent"):
        decoding(seen, inputs, list(range(8)))
    assert "capacity" not in by_unit(decoding(seen, inputs, list(range(8)), drive="held"))["rho2"].settings


class Diverged(Leaky):
    """Leaky, but sequences with a large first input become infinite."""

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h, state = super().forward(x, state)
        return torch.where(x[:, :1] > 2, h * torch.inf, h), state


def test_what_cannot_be_measured_is_refused_with_what_to_do() -> None:
    from tests.retention.known import known

    values, tokens = leaky(A), gru()
    inputs = drive(values, 130, 20, 0)
    with pytest.raises(ValueError, match="lag 20 lies beyond sequences of 20 steps"):
        decoding(values, inputs, [1, 20])
    with pytest.raises(
        ValueError, match=r"29 sequences are too few .* at least 30 .* give 120 or more in all"
    ):
        decoding(values, inputs[:119], [1])
    with pytest.raises(ValueError, match=r"for 200 features; at least 400 are needed: give 800 sequences"):
        decoding(gru(d_model=200), drive(tokens, 130, 20, 0), [19])
    with pytest.raises(ValueError, match="do not vary at some lag"):
        decoding(values, torch.ones(130, 20, 1), [1])
    with pytest.raises(ValueError, match="1 different tokens; decoding needs 2 to 128"):
        decoding(tokens, torch.ones(130, 20, dtype=torch.long), [1])
    with pytest.raises(ValueError, match=r"not finite, the first one in sequence \d+ at step"):
        decoding(values, inputs.masked_fill(inputs > 3, torch.nan), [1])
    with pytest.raises(ValueError, match=r"reads features \(N, T, 1\), the inputs are \(130, 20, 2\)"):
        decoding(values, inputs.repeat(1, 1, 2), [1])
    with pytest.raises(ValueError, match=r"reads tokens \(N, T\), the inputs are \(130, 20, 1\)"):
        decoding(tokens, inputs, [1])
    with pytest.raises(ValueError, match=r"tokens from 0 to 999; this model reads whole numbers from 0 to"):
        decoding(tokens, torch.arange(2600).reshape(130, 20) % 1000, [1])
    with pytest.raises(ValueError, match="not finite"):
        decoding(known(Diverged), inputs, [1])
