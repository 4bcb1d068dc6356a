"""The Memory page measures what was chosen, says how far it is, and starts nothing that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dash import Dash
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.measuring import Progress
from seqtoolkit_dashboard.pages import measure

from tests.dashboard.client import call
from tests.dashboard.measuring_asked import act, until_said


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"done": 3, "of": 36, "seconds_left": 41.6, "protocol": "decoding"}', "3 of 36 curves, about 42 s left"),
        ('{"done": 0, "of": 2, "seconds_left": null}', "0 of 2 curves"),
        ("12%|#", "12%|#"), ("[]", "[]"), ('{"done": "x"}', '{"done": "x"}'), ("", "starting"),
    ],
)  # fmt: skip
def test_progress_is_said_in_words(line: str, says: str) -> None:
    assert measure.say(Progress("running", "a best", line)) == f"Measuring a best: {says}"


def test_the_button_measures_what_was_chosen_and_stop_ends_it(
    app: Dash, runs_dir: Path, command: Callable[[str], None]
) -> None:
    path = runs_dir / "recall-lstm" / "checkpoints" / "best.ckpt"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    command("input()")
    drawn = call(app, ids.MEMORY_GRAPH, "url.search", url__search="?run=recall-lstm", scheme__data="light")
    assert drawn[ids.MEMORY_TARGET]["value"] == "recall-lstm/best"
    assert drawn[ids.MEMORY_TARGET]["data"][0]["label"] == "recall-lstm, best (has recall)"
    begun = act(
        app, "memory-start.n_clicks", memory_target__value="recall-lstm/best", memory_start__n_clicks=1
    )
    assert begun[ids.MEMORY_PROGRESS]["children"] == "Measuring recall-lstm best: starting"
    assert begun[ids.MEMORY_START]["disabled"] is True
    shown = begun[ids.MEMORY_PROGRESS]["children"]
    assert act(app, "tick.n_intervals", memory_progress__children=shown) == {}
    again = act(
        app, "memory-start.n_clicks", memory_target__value="recall-lstm/best", memory_start__n_clicks=2
    )
    assert "one at a time" in again[ids.MEMORY_PROGRESS]["children"]
    ended = act(app, "memory-stop.n_clicks", memory_stop__n_clicks=1)
    assert ended[ids.MEMORY_PROGRESS]["children"] == "recall-lstm best was stopped."
    assert ended[ids.MEMORY_STOP]["disabled"] is True


@pytest.mark.parametrize(
    "chosen", [None, "", "recall-lstm/best", "../../etc/passwd", "gone/best", "recall-lstm/../x"]
)
def test_only_what_the_index_knows_is_measured(
    app: Dash, command: Callable[[str], None], chosen: str | None
) -> None:
    command("raise SystemExit('it ran')")
    said = act(app, "memory-start.n_clicks", memory_target__value=chosen, memory_start__n_clicks=1)
    assert "no checkpoint" in said[ids.MEMORY_PROGRESS]["children"].replace("No run", "no checkpoint")
    assert act(app, "tick.n_intervals", memory_progress__children=said[ids.MEMORY_PROGRESS]["children"]) == {}


def test_only_an_encoder_decoder_is_asked_for_a_part(
    app: Dash, runs_dir: Path, command: Callable[[str], None]
) -> None:
    command("import sys; print(sys.argv[1:], file=sys.stderr); input()")
    for name, offered in (("pairs-plain", True), ("recall-lstm", False)):
        path = runs_dir / name / "checkpoints" / "best.ckpt"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        chosen = f"{name}/best"
        shown = call(
            app, f"{ids.MEMORY_PART_FRAME}.hidden", "memory-target.value", memory_target__value=chosen
        )
        assert shown[ids.MEMORY_PART_FRAME]["hidden"] is not offered
        given = {"memory_part__value": "encoder", "memory_lags__value": "1:8", "memory_seeds__value": 1}
        act(app, "memory-start.n_clicks", memory_target__value=chosen, memory_start__n_clicks=1, **given)
        says = until_said(app, "--lags=1:8")
        assert "--seeds=1" in says
        assert ("--part=encoder" in says) is offered
        act(app, "memory-stop.n_clicks", memory_stop__n_clicks=1)


def test_a_wrong_field_is_said_and_nothing_starts(
    app: Dash, runs_dir: Path, command: Callable[[str], None]
) -> None:
    command("raise SystemExit('it ran')")
    path = runs_dir / "recall-lstm" / "checkpoints" / "best.ckpt"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    said = act(app, "memory-start.n_clicks", memory_target__value="recall-lstm/best",
               memory_start__n_clicks=1, memory_lags__value="9999")  # fmt: skip
    assert "lag 9999 lies beyond" in said[ids.MEMORY_PROGRESS]["children"]
    assert said[ids.MEMORY_START]["disabled"] is False
