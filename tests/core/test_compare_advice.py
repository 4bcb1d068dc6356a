"""The recommendation: every sentence follows from the numbers by a rule, and each rule can speak and be silent."""

from __future__ import annotations

from typing import Any

import pytest

from seqtoolkit.compare.advice import advise
from seqtoolkit.compare.table import report

CONTEXT = {"estimate": 16, "lower": 12, "upper": 24, "censored": False, "upper_censored": False}


def one(arch: str, value: float, /, **changed: Any) -> dict[str, Any]:
    """An architecture of which everything is known and nothing is doubtful."""
    reached = {"estimate": value, "lower": value - 0.01, "upper": value + 0.01, "seeds": 5}
    examples = {"examples_lower": value - 0.02, "examples_upper": value + 0.02, "examples": 900}
    seeds = [{"seed": s, "status": "finished", "error": "", "quality": {"estimate": value}} for s in range(5)]
    rates = [{"rate": 0.003, "value": value, "run": "r", "status": "finished", "error": ""}]
    return {
        "arch": arch, "d_model": 64, "parameters": 1000, "rates": rates, "rate": 0.003, "rate_at_edge": False,
        "seeds": seeds, "quality": reached | examples, "baseline": None, "seconds": 60.0,
        "latency": {"estimate": 0.2, "lower": 0.19, "upper": 0.3, "n": 200}, "state_bytes": 256,
        "horizon": {"protocol": "decoding", "solved": "5/5", **CONTEXT, "estimate": 40, "lower": 32, "upper": 48},
        "memory": None, "skipped": {}, "difference": None, **changed,
    }  # fmt: skip


def apart(estimate: float, lower: float | None, upper: float | None, tied: bool) -> dict[str, Any]:
    return {"than": "lstm", "estimate": estimate, "lower": lower, "upper": upper, "pairs": 5, "tied": tied}


SURE, TIE = apart(0.2, 0.1, 0.3, tied=False), apart(0.001, -0.1, 0.102, tied=True)


def comparison(*architectures: dict[str, Any], mode: str = "min", **settings: Any) -> dict[str, Any]:
    usual = {
        "budget": {"seconds": None, "steps": 500, "epochs": None}, "rates": [0.001, 0.003, 0.01], "rate_share": 0.3,
        "monitor": "val/per", "mode": "min", "seeds": [0, 1, 2, 3, 4], "reference": "lstm", "parameters": 1000,
        "encoder": False, "threads": 1, "jobs": 2, "state_steps": 30, "lags": [1, 2], "sequences": 256, "load": 0.5,
    }  # fmt: skip
    need = {"arch": "lstm", **CONTEXT}
    measure = {"name": "per", "mode": mode, "unit": "", "split": "test"}
    found = {"measure": measure, "settings": usual | settings, "architectures": list(architectures)}
    return {"task": "g2p", **found, "memory_need": need, "recommendation": None}


def test_a_sure_winner_without_a_doubt_but_that_the_test_has_chosen() -> None:
    found = advise(comparison(one("rnn", 0.4, difference=SURE), one("lstm", 0.2)))
    assert (found["arch"], found["tied"]) == ("lstm", [])
    assert found["text"].startswith("Use lstm. lstm has the lowest per, 0.2 [0.19, 0.21] over 5 seeds.")
    assert "Surely worse, by their difference from it: rnn (+0.2 [+0.1, +0.3])." in found["text"]
    assert "The data need 16 [12, 24] steps of context, as lstm shows." in found["text"]
    assert [doubt.split(" has ")[0] for doubt in found["doubts"]] == ["The test split"]
    alone = advise(comparison(one("lstm", 0.2)))
    assert alone["doubts"] == []


def test_a_tie_is_called_a_tie_and_the_faster_of_equals_is_taken() -> None:
    fast = {"estimate": 0.1, "lower": 0.1, "upper": 0.1, "n": 200}
    lstm, slow = one("lstm", 0.2), one("gru", 0.201, difference=TIE)
    found = advise(comparison(lstm, slow))
    assert (found["arch"], found["tied"]) == ("lstm", ["gru"])
    assert "A tie, not told apart from lstm: gru (+0.001 [-0.1, +0.102])." in found["text"]
    quick = advise(comparison(lstm, slow | {"latency": fast}))
    assert (quick["arch"], quick["tied"]) == ("gru", ["lstm"])
    assert "gru is as good, and a step takes it 0.1 ms instead of 0.2 ms." in quick["text"]
    far = TIE | {"estimate": 0.05}
    assert advise(comparison(lstm, one("gru", 0.25, difference=far, latency=fast)))["arch"] == "lstm"


def test_the_best_is_recommended_also_where_no_seed_is_shared() -> None:
    for mode, best, other in (("min", "lstm", "rnn"), ("max", "rnn", "lstm")):
        found = advise(comparison(one("rnn", 0.4), one("lstm", 0.2), mode=mode))
        assert (found["arch"], found["tied"]) == (best, [])
        assert f"Not compared with it, for want of a common seed: {other}." in found["text"]


def test_the_skill_is_told() -> None:
    sure = BASE | {"skill_lower": 0.02}
    found = advise(comparison(one("lstm", 0.2, baseline=sure)))
    assert "Its skill against seasonal naive (0.21) is 0.05 [0.02, 0.1]." in found["text"]
    assert found["doubts"] == []


def test_more_may_be_better() -> None:
    found = advise(comparison(one("lstm", 0.9), one("rnn", 0.7, difference=SURE), mode="max"))
    assert "lstm has the highest per, 0.9" in found["text"]


def test_nothing_is_advised_where_nothing_was_finished() -> None:
    failed = {"seed": 0, "status": "failed", "error": "the loss is nan", "quality": None}
    found = advise(comparison(one("lstm", 0.2, quality=None, seeds=[failed])))
    assert found["arch"] is None
    assert "nothing can be advised" in found["text"]
    assert found["doubts"][0] == "1 of 1 training of lstm failed (the loss is nan)."


FAILED = [{"seed": 0, "status": "failed", "error": "nan", "quality": None}, *one("rnn", 0.4)["seeds"][1:]]
BASE = {"name": "seasonal naive", "estimate": 0.21, "skill": 0.05, "skill_lower": -0.1, "skill_upper": 0.1}
WEAK = {"protocol": "recall", "solved": "5/5", **CONTEXT, "upper": 12, "estimate": 8, "lower": 8}
SHORT = [{"rate": 0.003, "value": 0.1, "run": "r", "status": "finished", "error": ""}]


@pytest.mark.parametrize(
    ("lstm", "rnn", "settings", "said"),
    [
        ({}, {"seeds": FAILED}, {}, "1 of 5 trainings of rnn failed (nan)."),
        ({}, {}, {"seeds": [0, 1, 2]}, "n = 3 seeds are few: the intervals are wide"),
        ({}, {}, {"seeds": [0]}, "n = 1 seed: nothing is known of how much another start would change"),
        (
            {"baseline": BASE},
            {},
            {},
            "not surely better than seasonal naive (0.21), which needs no model: skill 0.05.",
        ),
        ({}, {"rate_at_edge": True}, {}, "at the edge of the grid for rnn (0.003): widen it with --rates."),
        ({}, {"parameters": 880}, {}, "rnn has -12% parameters: no width of it comes nearer."),
        ({}, {"rates": SHORT}, {}, "In 30% of the budget rnn was ahead on validation"),
        ({}, {}, {"budget": {"seconds": 60, "steps": None, "epochs": None}}, "the order may differ."),
        (
            {},
            {},
            {"budget": {"seconds": 60, "steps": None, "epochs": None}, "load": 9.0},
            "this one was busy (load 9.0).",
        ),
        ({"horizon": WEAK}, {}, {}, "Its recall ends after 12 steps at most, and context helps up to 16."),
        (
            {"horizon": WEAK | {"solved": "3/5"}},
            {},
            {},
            "lstm remembers anything in 3/5 of its trainings only.",
        ),
        ({"skipped": {"truncation": "no loss"}}, {}, {}, "Not measured: truncation (no loss)."),
    ],
)
def test_doubts(lstm: dict[str, Any], rnn: dict[str, Any], settings: dict[str, Any], said: str) -> None:
    quiet = advise(comparison(one("rnn", 0.4, difference=SURE), one("lstm", 0.2)))["text"]
    found = advise(comparison(one("rnn", 0.4, difference=SURE, **rnn), one("lstm", 0.2, **lstm), **settings))
    assert said in found["text"]
    assert said not in quiet
    assert len(found["doubts"]) == 2


def test_memory_beyond_what_was_measured_is_said() -> None:
    found = comparison(one("lstm", 0.2))
    found["memory_need"] |= {"censored": True}
    text = advise(found)["text"]
    assert "The data need at least 16" in text
    assert "The loss still falls at the longest context that was measured, 16 steps." in text


def test_seeds_that_do_not_differ_are_no_certainty() -> None:
    quality = one("lstm", 0.2)["quality"] | {"lower": None, "upper": None}
    text = advise(comparison(one("lstm", 0.2, quality=quality)))["text"]
    assert (
        "All 5 seeds of lstm have reached the same, 0.2: how much others would differ is not known." in text
    )


def test_no_interval_over_examples_is_said() -> None:
    quality = one("lstm", 0.2)["quality"] | {"examples_lower": None, "examples_upper": None, "examples": None}
    assert (
        "No interval of per over examples is stored"
        in advise(comparison(one("lstm", 0.2, quality=quality)))["text"]
    )


def test_the_table_has_a_dash_for_what_is_not_known() -> None:
    unknown = dict.fromkeys(("quality", "seconds", "latency", "state_bytes", "horizon", "rate"))
    failed = [{"seed": 0, "status": "failed", "error": "nan", "quality": None}]
    found = comparison(one("lstm", 0.2), one("rnn", 0.4, **unknown, seeds=failed))
    lines = report(found | {"recommendation": advise(found)}).splitlines()
    assert lines[0].split("  ")[0] == "architecture"
    assert lines[2].split()[:6] == ["lstm", "1,000", "64", "0.003", "0.2", "[0.19,"]
    assert "5/5" in lines[2]
    assert lines[3].split() == ["rnn", "1,000", "64", "-", "-", "-", "0/1", *["-"] * 6]
    assert max(map(len, lines[4:])) <= 120
