"""`seqtoolkit init` knows a table with a line for each value, whether the channels share their times or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seqtoolkit.cli import main
from seqtoolkit.init.command import look
from seqtoolkit.init.config import build

RANDOM = np.random.default_rng(0)


def taking_turns(path: Path, value: str = "value", name: str = "sensor") -> None:
    """Write sensors that send when they like, no two at once."""
    sensors = RANDOM.choice(["heat", "load", "wind"], 400).tolist()
    times = np.cumsum(RANDOM.integers(1, 5, 400)).tolist()
    columns = {"time": times, name: sensors, value: RANDOM.normal(size=400).tolist()}
    pl.DataFrame(columns).write_csv(path)


def test_channels_that_share_no_time_are_a_guess_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taking_turns(tmp_path / "sent.csv")
    assert main(["init", str(tmp_path / "sent.csv"), "--out", str(tmp_path / "my.yaml")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "3 channels: heat, load, wind" in shown
    assert "(a guess: 'sensor' may name what 'value' holds, and times do not repeat" in shown
    assert "If 'value' is one channel, whatever 'sensor' says: leave out form, name, value" in shown
    assert "cannot be read yet" not in shown
    data = build(look(str(tmp_path / "sent.csv")))
    assert data.spec["num_features"] == 6  # each channel, and whether it was sent


def test_channels_that_share_their_times_are_likely(tmp_path: Path) -> None:
    rows = [(t, name, t * 0.5 + k) for t in range(50) for k, name in enumerate(("a", "b"))]
    pl.DataFrame(rows, schema=["time", "sensor", "value"], orient="row").write_csv(tmp_path / "x.csv")
    seen = look(str(tmp_path / "x.csv"))
    assert (seen.what.split(",")[0], seen.sure) == ("a table of the long form", "likely")
    assert "missing" not in {option.name for option in seen.options}


def test_a_channel_that_lacks_a_time_is_filled(tmp_path: Path) -> None:
    rows = [(t, name, t * 0.5) for t in range(50) for name in ("a", "b") if name == "a" or t % 7]
    pl.DataFrame(rows, schema=["time", "sensor", "value"], orient="row").write_csv(tmp_path / "x.csv")
    seen = look(str(tmp_path / "x.csv"))
    assert {option.name: option.value for option in seen.options}["missing"] == "forward"
    build(seen)


def test_a_channel_that_never_changes_and_a_group_of_one_row_get_their_options(tmp_path: Path) -> None:
    rows = [(t, f"m{n}", name, t * 0.5 if name == "a" else 1.0)
            for n in range(4) for t in range(1 if n == 3 else 50) for name in ("a", "b")]  # fmt: skip
    pl.DataFrame(rows, schema=["time", "machine", "sensor", "value"], orient="row").write_csv(
        tmp_path / "x.csv"
    )
    seen = look(str(tmp_path / "x.csv"))
    options = {option.name: option.value for option in seen.options}
    assert (options["form"], options["constant"], options["short"]) == ("long", "drop", "skip")
    assert build(seen).spec["inputs"]["channels"] == ["a"]


@pytest.mark.parametrize(("value", "name"), [("load", "sensor"), ("value", "place")])
def test_a_wide_table_stays_one(value: str, name: str, tmp_path: Path) -> None:
    """What is called neither a value nor the name of a channel is a channel beside a text."""
    taking_turns(tmp_path / "x.csv", value, name)
    options = {option.name: option.value for option in look(str(tmp_path / "x.csv")).options}
    assert (options["channels"], options["categorical"]) == ([value], [name])


def test_groups_one_after_the_other_stay_groups(tmp_path: Path) -> None:
    names = np.repeat(["a", "b", "c"], 40).tolist()
    columns = {"time": list(range(120)), "sensor": names, "value": RANDOM.normal(size=120).tolist()}
    pl.DataFrame(columns).write_csv(tmp_path / "x.csv")
    options = {option.name: option.value for option in look(str(tmp_path / "x.csv")).options}
    assert (options["group"], options["channels"]) == ("sensor", ["value"])
