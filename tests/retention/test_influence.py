"""influence: a known divergence at a known lag, exactly 0 everywhere else, and the promised coverage."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit import SequenceModel
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.losses import Loss
from seqtoolkit.retention import measured
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.influence import influence
from seqtoolkit.retention.permutation import sign_flip
from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.statistics import tailed_interval
from seqtoolkit.retention.swapping import Run, cuts
from seqtoolkit.retention.view import View, view
from tests.retention.known_flow import Ahead, Constant, Delay, known, swapped_divergence, symbols

N = 128
ARCHITECTURES = ["rnn", "lstm", "gru", "attention"]


def model(arch: str, **options: object) -> SequenceModel:
    torch.manual_seed(0)
    sizes = {"vocab_size": 7, "d_model": 16} | options
    return SequenceModel(arch, num_classes=7, **sizes)  # type: ignore[arg-type]


@torch.no_grad()
def by_definition(seen: View, inputs: torch.Tensor, lag: int) -> torch.Tensor:
    """Swap neighbours' inputs, read all of it again, and compare the last predictions."""
    at = inputs.shape[1] - 1 - lag
    changed = inputs.clone()
    changed[0::2, at], changed[1::2, at] = inputs[1::2, at], inputs[0::2, at]
    p, q = (seen.head(seen.features(seen.embed(x))[:, -1]) for x in (inputs, changed))
    assert p is not None
    assert q is not None
    p, q = p.double().log_softmax(-1), q.double().log_softmax(-1)
    return (p.exp() * (p - q)).sum(-1)


def views(arch: str) -> list[View]:
    torch.manual_seed(0)
    pair = EncoderDecoder(arch, 5, 11, attention="dot", attend="before", d_model=16)
    return [view(model(arch)), view(model(arch, vocab_size=0, num_features=3)), view(pair)]


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_starting_from_a_state_equals_reading_all_again(arch: str) -> None:
    lags = [0, 1, 2, 3, 7, 12, 17, 39]
    for seen in views(arch):
        inputs = drive(seen, 6, 40, 0)
        with torch.inference_mode():
            run = Run(seen, seen.embed(inputs), cuts(39, 40))
            for lag in lags:
                expected = by_definition(seen, inputs, lag)
                torch.testing.assert_close(run.influence(lag), expected, rtol=1e-2, atol=1e-7)
            assert (run.future() == 0).all()
        assert float(expected.max()) < float(by_definition(seen, inputs, 0).max())


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_record_of_a_fresh_model(arch: str) -> None:
    for seen in views(arch):
        (record,) = influence(seen, drive(seen, N, 20, 0), [0, 1, 4, 19])
        assert (record.protocol, record.unit, record.n) == ("influence", "nats", [N // 2] * 4)
        assert record.null == [0.0] * 4  # the future, bit for bit
        assert record.estimate[0] > record.estimate[-1] >= 0
        assert record.lower[0] > 0
        assert record.settings["p_values"][0] < 0.05
        assert record.settings["part"] == seen.part


def test_a_delay_is_used_at_its_lag_only_and_as_much_as_is_known() -> None:
    width, score = 4, 3.0
    seen = known(Delay, width, d=5)
    (record,) = influence(seen, symbols(2_000, 16, width, score, 1), list(range(12)))
    expected = (1 - 1 / width) * swapped_divergence(width, score)
    assert record.lower[5] <= expected <= record.upper[5]
    assert record.upper[5] - record.lower[5] < expected / 5
    others = [lag for lag in range(12) if lag != 5]
    assert record.settings["exactly_zero"] == others
    assert [record.estimate[lag] for lag in others] == [record.upper[lag] for lag in others] == [0.0] * 11
    assert [p < 0.05 for p in record.settings["p_values"]] == [lag == 5 for lag in range(12)]


def test_the_interval_covers_the_known_influence() -> None:
    """2,000 repetitions of 60 pairs; they are two values, as skewed as an influence can be."""
    width, score, repetitions, pairs = 4, 3.0, 2_000, 60
    seen = known(Delay, width, d=5)
    embedded = symbols(repetitions * pairs * 2, 8, width, score, 2)
    with torch.inference_mode():
        values = Run(seen, embedded, cuts(5, 8)).influence(5).view(repetitions, pairs, 2).mean(-1).numpy()
    truth = (1 - 1 / width) * swapped_divergence(width, score)
    lower, upper = tailed_interval(values.T)
    assert 0.92 <= np.mean((lower <= truth) & (truth <= upper)) <= 0.98


@pytest.mark.parametrize("layers", [1, 2])
def test_beyond_the_window_nothing_is_used(layers: int) -> None:
    seen = view(model("attention", num_layers=layers, arch_config={"window": 4}))
    (record,) = influence(seen, drive(seen, N, 40, 0), [*range(12), 39])
    reach = 3 * layers
    assert record.settings["exactly_zero"] == [*range(reach + 1, 12), 39]
    assert min(record.estimate[: reach + 1]) > 0
    assert record.horizon is not None
    assert record.horizon.upper <= reach


def test_a_constant_model_uses_nothing() -> None:
    (record,) = influence(known(Constant), torch.randn(N, 12, 8), [0, 1, 5])
    assert record.estimate == record.lower == record.upper == record.null == [0.0] * 3
    assert record.settings["exactly_zero"] == [0, 1, 5]
    assert record.settings["p_values"] == [1.0] * 3
    assert record.horizon == Horizon(0, 0, 0, censored=False)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_all_lags_cost_less_than_a_forward_each(arch: str) -> None:
    seen = view(model(arch))
    lags = list(range(1, 33))
    (record,) = influence(seen, drive(seen, N, 64, 0), lags)
    assert record.settings["forwards"] <= len(lags) / 2 + 2


def test_what_has_been_forgotten_ends_early() -> None:
    """Once the whole state is that of the unchanged run, nothing later is computed."""
    torch.manual_seed(0)
    forgets = view(model("attention", num_layers=1, arch_config={"window": 2}))
    whole = view(model("attention", num_layers=1))
    inputs = drive(whole, N, 128, 0)
    early, late = (
        influence(seen, inputs, [32, 64, 126])[0].settings["forwards"] for seen in (forgets, whole)
    )
    assert early - 1 < 0.7 * (late - 1)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_seeds_and_batches(arch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = view(model(arch))
    inputs = drive(seen, N, 10, 0)
    (whole,) = influence(seen, inputs, [0, 3, 7], seed=1)
    monkeypatch.setattr(measured, "STEPS", 70)
    (cut,) = influence(seen, inputs, [0, 3, 7], seed=1)
    np.testing.assert_allclose(cut.estimate, whole.estimate, rtol=1e-3, atol=1e-9)
    assert influence(seen, inputs, [0, 3, 7], seed=2)[0].estimate != cut.estimate


@given(
    st.integers(1, 300).flatmap(lambda t: st.tuples(st.just(t), st.integers(0, t - 1), st.integers(0, t - 1)))
)
def test_states_are_kept_near_every_lag(drawn: tuple[int, int, int]) -> None:
    steps, lag, longest = drawn[0], min(drawn[1:]), max(drawn[1:])
    kept = cuts(longest, steps)
    assert kept == sorted(set(kept))
    assert kept[0] == 0
    assert len(kept) <= 2 + 2 * math.log2(steps)
    start = max(cut for cut in kept if cut <= steps - 1 - lag)
    assert steps - 1 - start <= max(1.5 * lag, 16) or start == 0


def test_sign_flips_have_the_promised_level() -> None:
    random = np.random.default_rng(0)
    p_values = sign_flip(random.standard_normal((40, 2_000)), flips=499)
    for level in (0.05, 0.2, 0.5):
        assert np.mean(p_values <= level) == pytest.approx(level, abs=0.03)


def test_sign_flips_of_few_rows_are_exact() -> None:
    found = sign_flip(np.array([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [3.0, 0.0, -3.0]]), flips=20_000)
    np.testing.assert_allclose(found, [1 / 8, 1, 1], atol=0.01)


class Whisper(Ahead):
    """Sees so little of the next step that its features move by no more than arithmetic would."""

    def forward(self, x: torch.Tensor, state: object = None) -> tuple[torch.Tensor, object]:
        return x + 2e-6 * torch.cat([x[:, 1:], x[:, :1]], 1), None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lags": [1, 12]}, "lag 12 lies beyond sequences of 12 steps"),
        (
            {"n": 119},
            "59 sequences are too few for an interval where 2 make one: at least 60 .* give 120 or more in all",
        ),
        ({"spoil": math.nan}, "not finite, the first one in sequence 3 at step 7"),
        (
            {"alike": 10},
            "the inputs of all sequences are the same at step 10, 1 before the last",
        ),
        ({"mixer": Ahead}, "the model is not causal"),
        ({"mixer": Whisper}, "not causal: changing the last input moved the prediction before it by"),
        ({"weight": math.nan}, "the features of this SequenceModel are not finite"),
    ],
)
def test_what_cannot_be_measured_is_refused(change: dict[str, object], message: str) -> None:
    seen = known(change.get("mixer", Delay))  # type: ignore[arg-type]
    inputs = torch.randn(int(change.get("n", N)), 12, 8)  # type: ignore[call-overload]
    if "spoil" in change:
        inputs[3, 7, 1] = change["spoil"]  # type: ignore[call-overload]
    if "alike" in change:
        inputs[:, change["alike"]] = 0.5  # type: ignore[call-overload]
    if "weight" in change:
        torch.nn.init.constant_(next(seen.model.parameters()), math.nan)
    with pytest.raises(ValueError, match=message):
        influence(seen, inputs, change.get("lags", [1, 2]))  # type: ignore[arg-type]


@torch.no_grad()
def by_first_answers(pair: EncoderDecoder, sources: torch.Tensor, lag: int) -> torch.Tensor:
    """Swap neighbours' source symbols, and compare what the decoder would write first."""
    at, changed = sources.shape[1] - 1 - lag, sources.clone()
    changed[0::2, at], changed[1::2, at] = sources[1::2, at], sources[0::2, at]
    lengths = torch.full((len(sources),), sources.shape[1] + 1)
    separator = torch.full_like(sources[:, :1], pair.offset)
    p, q = (
        pair.eval().begin(torch.cat([rows, separator], 1), lengths)[0].double().log_softmax(-1)
        for rows in (sources, changed)
    )
    return (p.exp() * (p - q)).sum(-1)


@pytest.mark.parametrize("options", [{}, {"attention": "dot"}, {"attention": "additive", "attend": "before"}])
@pytest.mark.parametrize("arch", ["gru", "attention"])
def test_an_encoder_is_used_by_the_first_answer_of_its_decoder(arch: str, options: dict[str, str]) -> None:
    torch.manual_seed(0)
    pair = EncoderDecoder(arch, 5, 11, d_model=16, bidirectional=False, **options)  # type: ignore[arg-type]
    seen = view(pair, "encoder")
    sources = drive(seen, N, 40, 0)
    with torch.inference_mode():
        run = Run(seen, seen.embed(sources), cuts(39, 40))
        for lag in (0, 1, 5, 17, 39):
            expected = by_first_answers(pair, sources, lag)
            torch.testing.assert_close(run.influence(lag), expected, rtol=1e-2, atol=1e-8)
        assert (run.future() == 0).all()
    (record,) = influence(seen, sources, [0, 1, 39])
    assert record.lower[0] > 0
    assert (record.settings["part"], record.null) == ("encoder", [0.0] * 3)


def test_what_an_encoder_has_forgotten_is_still_seen_by_attention() -> None:
    """Its state is that of the unchanged run, but the decoder looks at the outputs of all steps."""
    torch.manual_seed(0)
    short = {"encoder": "attention", "encoder_config": {"window": 2}, "num_layers": 1, "bidirectional": False}
    alone, looking = (
        view(EncoderDecoder("gru", 5, 11, d_model=16, attention=name, **short), "encoder")  # type: ignore[arg-type]
        for name in ("none", "dot")
    )
    sources = drive(alone, N, 40, 0)
    assert influence(alone, sources, [30])[0].settings["exactly_zero"] == [30]
    assert influence(looking, sources, [30])[0].settings["exactly_zero"] == []


@pytest.mark.parametrize(("target", "known_change"), [("values", 0.5 * 1.5**2 * 2 / 4), ("labels", None)])
def test_other_answers_move_as_far_as_is_known(target: str, known_change: float | None) -> None:
    """Two of four outputs of a delay line change by 1.5 when the symbols differ."""
    width, score = 4, 1.5
    delay = replace(known(Delay, width, d=5), loss=Loss(target))
    inputs = symbols(N, 8, width, score, 3)
    with torch.inference_mode():
        values = Run(delay, inputs, cuts(5, 8)).influence(5)
    differs = (inputs[:, 2].view(-1, 2, width).flip(1).view_as(inputs[:, 2]) != inputs[:, 2]).any(-1)
    if known_change is None:  # of one label on and another off: KL of both Bernoullis
        p, half = 1 / (1 + math.exp(-score)), 0.5
        on, off = (
            a * math.log(a / b) + (1 - a) * math.log((1 - a) / (1 - b)) for a, b in ((p, half), (half, p))
        )
        known_change = on + off
    torch.testing.assert_close(values, differs.double() * known_change, rtol=1e-6, atol=1e-12)
    (record,) = influence(delay, inputs, [4, 5])
    assert record.settings["exactly_zero"] == [4]
    assert "mean over values" in record.settings["divergence"] or target == "labels"
