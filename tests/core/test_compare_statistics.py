"""Means and differences over seeds, budgets and widths of a comparison: laws and references."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.compare.budget import Budget, seconds
from seqtoolkit.compare.options import parse
from seqtoolkit.compare.plan import Plan, Work
from seqtoolkit.compare.sizes import APART, counted, matched, nearest, varied
from seqtoolkit.compare.statistics import Difference, Reached, difference, over_seeds
from seqtoolkit.data.recall import RecallData
from seqtoolkit.data.reverse import ReverseData

VALUES = st.floats(-100, 100).map(lambda value: round(value, 3))


def plain(values: list[float]) -> dict[int, Reached]:
    return {seed: Reached(value) for seed, value in enumerate(values)}


def test_the_interval_over_seeds_is_students() -> None:
    found = over_seeds([Reached(1.0, 0.8, 1.3, 50), Reached(2.0, 1.7, 2.2, 50), Reached(4.0, 3.9, 4.3, 50)])
    half = (
        4.302653 * np.std([1, 2, 4], ddof=1) / math.sqrt(3)
    )  # the table's t at 97.5 %, 2 degrees of freedom
    assert found["estimate"] == pytest.approx(7 / 3)
    assert (found["lower"], found["upper"]) == pytest.approx((7 / 3 - half, 7 / 3 + half))
    assert (found["examples_lower"], found["examples_upper"]) == pytest.approx((6.4 / 3, 7.8 / 3))
    assert (found["seeds"], found["examples"]) == (3, 50)


def test_one_seed_has_no_interval_and_a_share_ends_at_0_and_1() -> None:
    alone = over_seeds([Reached(1.0)])
    assert [alone[name] for name in ("lower", "upper", "examples_lower", "examples")] == [None] * 4
    share = over_seeds([Reached(0.9), Reached(0.1)], share=True)
    assert (share["lower"], share["upper"]) == (0, 1)
    apart = difference(plain([0.9, 0.1]), plain([0.2, 0.3]), share=True)
    assert apart is not None
    assert (apart.lower, apart.upper) == (-1, 1)


def test_seeds_that_do_not_differ_make_nothing_certain() -> None:
    same = over_seeds([Reached(1.0, 0.9, 1.0, 30)] * 3)
    assert (same["estimate"], same["lower"], same["upper"]) == (1.0, None, None)
    assert (same["examples_lower"], same["examples_upper"]) == (0.9, 1.0)
    found = difference(plain([1.0] * 3), plain([0.5] * 3))
    assert found == Difference(0.5, None, None, 3)
    assert found.tied
    right, half = (dict.fromkeys(range(3), one) for one in (Reached(1.0, 0.9, 1.0), Reached(0.5, 0.3, 0.7)))
    known = difference(right, half)
    assert known is not None
    assert (known.lower, known.upper) == pytest.approx((0.5 - math.hypot(0.1, 0.2), 0.7))


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6), st.integers(1, 5))
def test_a_difference_turned_round_is_its_negative(
    pairs: list[tuple[float, float]], comparisons: int
) -> None:
    ours, theirs = (plain([pair[side] for pair in pairs]) for side in (0, 1))
    there, back = difference(ours, theirs, comparisons), difference(theirs, ours, comparisons)
    assert there is not None and back is not None  # noqa: PT018
    assert there.estimate == pytest.approx(-back.estimate)
    assert there.tied == back.tied
    if there.lower is None:
        assert (there.tied, back.lower) == (True, None)
        assert len({there - back for there, back in pairs}) == 1
    else:
        assert there.lower == pytest.approx(-back.upper)


def test_differences_are_paired_and_widened_for_what_is_compared_with_it() -> None:
    """A part that all architectures share with a seed cancels; the same values, unpaired, would be a tie."""
    ours, theirs = plain([1.0, 5.0, 9.0]), plain([2.0, 6.1, 9.9])
    one, three = difference(ours, theirs), difference(ours, theirs, 3)
    assert one is not None and three is not None  # noqa: PT018
    assert not one.tied
    assert three.lower < one.lower < one.estimate < one.upper < three.upper  # type: ignore[operator]


def test_examples_widen_a_difference_and_seeds_must_be_shared() -> None:
    sure = difference(plain([1.0, 1.1]), plain([2.0, 2.11]))
    few = difference(
        {seed: Reached(1.0 + seed / 10, 0.0, 2.0, 9) for seed in (0, 1)},
        {seed: Reached(2.0 + seed / 10, 1.0, 3.0, 9) for seed in (0, 1)},
    )
    assert sure is not None and few is not None  # noqa: PT018
    assert (sure.tied, few.tied) == (False, True)
    assert difference({0: Reached(1.0)}, {1: Reached(1.0)}) is None
    assert difference(plain([1.0, 2.0, 3.0]), plain([1.0, 2.0])).pairs == 2  # type: ignore[union-attr]


def test_a_difference_of_nothing_but_chance_is_a_tie() -> None:
    """Of two that differ by chance only, as few as promised are told apart: 5 %, here of 2,000 comparisons."""
    random = np.random.default_rng(0)
    apart = 0
    for _ in range(2_000):
        ours, theirs = random.normal(size=(2, 3)).tolist()
        apart += not difference(plain(ours), plain(theirs)).tied  # type: ignore[union-attr]
    assert 0.035 < apart / 2_000 < 0.065


@given(st.integers(1, 8), st.integers(0, 40), st.integers(1, 90_000))
def test_the_nearest_width_is_found(step: int, extra: int, target: int) -> None:
    def count(width: int) -> int | None:
        return None if width % step else 3 * width * width + 40 * width + extra

    every = [(width, found) for width in range(1, 300) if (found := count(width)) is not None]
    assert nearest(count, target) == min(every, key=lambda one: (abs(one[1] - target), one[0]))


def test_no_possible_width() -> None:
    with pytest.raises(ValueError, match=f"no width from 1 to {APART} is possible"):
        nearest(lambda width: None, 10)


MODEL: dict[str, Any] = {"arch": "lstm", "arch_config": {"forget_bias": 2.0}, "d_model": 32, "num_layers": 1}
MODEL |= {"block": "residual", "mlp_ratio": 0.0, "dropout": 0.0, "encoder": None, "encoder_config": None}


@pytest.mark.parametrize("arch", ["rnn", "gru", "attention"])
def test_parameters_are_matched(arch: str) -> None:
    spec = RecallData().spec
    target = counted(MODEL, spec)
    width, parameters = matched(varied(MODEL, arch), spec, target)
    assert parameters == counted(varied(MODEL, arch) | {"d_model": width}, spec)
    step = 8 if arch == "attention" else 1  # its heads divide a width
    for other in (width - step, width + step):
        assert abs(counted(varied(MODEL, arch) | {"d_model": other}, spec) - target) >= abs(
            parameters - target
        )


def test_an_encoder_varies_with_the_architecture() -> None:
    model = MODEL | {"encoder": "gru", "attention": "additive", "encoder_width": 48, "encoder_layers": 1}
    changed = varied(model, "rnn")
    assert (changed["arch"], changed["encoder"], changed["arch_config"]) == ("rnn", "rnn", {})
    assert changed["encoder_width"] is None
    _width, parameters = matched(changed, ReverseData().spec, 40_000)
    assert abs(parameters - 40_000) / 40_000 < 0.05
    assert varied(model, "lstm")["arch_config"] == {"forget_bias": 2.0}


def test_an_impossible_model_says_why() -> None:
    with pytest.raises(ValueError, match="num_layers must be at least 1"):
        matched(MODEL | {"num_layers": 0}, RecallData().spec, 1000)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("00:00:01:30", 90), ("1:2:3:4", 93_784), ({"minutes": 2, "seconds": 1}, 121), ("45", 45), (7, 7)],
)
def test_times_are_read_as_lightning_reads_them(value: Any, expected: int) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize("value", ["", "soon", "1:30", "0", "00:00:00:00", {}, {"years": 1}, None, -3, 1.5])
def test_no_time(value: Any) -> None:
    with pytest.raises(ValueError, match="expected seconds, or days:hours:minutes:seconds such as"):
        seconds(value)


@given(st.integers(1, 10**7))
def test_a_budget_comes_back_from_the_words_of_fit(total: int) -> None:
    budget = Budget(total, total, None)
    words = dict(word.removeprefix("--trainer.").split("=") for word in budget.words())
    assert (
        Budget.of({name: value if name == "max_time" else int(value) for name, value in words.items()})
        == budget
    )


def test_rates_to_both_sides_of_the_configurations_are_tried(tmp_path: Path) -> None:
    (tmp_path / "made.yaml").write_text("data: {}\n")
    options = parse(["--config", str(tmp_path / "made.yaml"), "--architectures", "rnn"])
    plan = Plan(
        asked={}, task="made", reference="rnn", parameters=9, encoder=False, monitor="val/loss", mode="min",
        rate=0.00123, budget={}, steps_in_epoch=1.0, split="test", history=1,
    )  # fmt: skip
    assert Work(tmp_path, options, plan).rates == [0.00041, 0.00123, 0.0037]
    assert Work(tmp_path, replace(options, rates=(0.5, 0.1)), plan).rates == [0.1, 0.5]


def test_parts_of_a_budget() -> None:
    assert Budget(100, None, None).part(0.3, 10) == Budget(30, None, None)
    assert Budget(None, 50, 20).part(0.3, 10) == Budget(None, 15, None)
    assert Budget(None, None, 8).part(0.3, 400) == Budget(None, 960, None)
    assert Budget(1, 1, None).part(0.01, 1) == Budget(1, 1, None)
    assert Budget(90, None, 3).given(None, 7) == Budget(None, 7, None)
    assert Budget(90, None, 3).given(None, None) == Budget(90, None, 3)
    assert str(Budget(90, 7, None)) == "90 s or 7 steps"
    with pytest.raises(ValueError, match="no training would end: add --max_time"):
        Budget.of({"max_steps": -1, "max_epochs": -1, "max_time": None})
