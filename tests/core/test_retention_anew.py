"""A stored curve is reused only where all that it was measured from is still the same; else it is measured anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from seqtoolkit import plugins, retention_asked, retention_store
from seqtoolkit.cli import main
from seqtoolkit.probes import outdated
from seqtoolkit.run_folder import RunFolder
from tests.core.measuring import SMALL, failed, measure, stored
from tests.core.number_runs import series_run

TRUNCATION = ["--protocols", "truncation", "--no_twin", "--split", "val"]
ONE_SEED = [*SMALL[:4], "--seeds", "1", *SMALL[6:]]
FILE = "retention.json"


@pytest.fixture
def forecasting(tmp_path: Path) -> Path:
    """Return the run of a forecast, whose data is series.csv beside it."""
    run = tmp_path / "forecast"
    series_run(run)
    folder = RunFolder(run)
    folder.open(create=True)
    folder.update(status="finished")
    folder.close()
    return run


def reused(capsys: pytest.CaptureFixture[str], *words: object, small: list[str] = SMALL) -> str:
    """Measure; return what is said about curves that are stored."""
    capsys.readouterr()
    assert measure(*words, small=small) == 0
    lines = capsys.readouterr().err.splitlines()
    return next((line.split(": ")[1] for line in lines if "are stored and reused" in line), "none")


def change_weights(run: Path) -> None:
    weights = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    weights["state_dict"]["model.head.bias"] += 1
    torch.save(weights, run / "checkpoints" / "best.ckpt")


def change_option(run: Path, **options: object) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["data"]["init_args"] |= options
    (run / "config.yaml").write_text(yaml.safe_dump(config))


def test_a_changed_file_of_the_data_is_measured_anew(
    forecasting: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = forecasting.parent / "series.csv"
    assert reused(capsys, forecasting, *TRUNCATION) == "none"
    assert reused(capsys, forecasting, *TRUNCATION).startswith("2 of 2 measurements")
    before = stored(forecasting)
    header, *rows = table.read_text().splitlines()
    table.write_text("\n".join([header, *(f"{row.rsplit(',', 1)[0]},{n % 7}" for n, row in enumerate(rows))]))
    assert measure(forecasting, *TRUNCATION) == 0
    shown = capsys.readouterr().err
    assert "reused" not in shown
    assert "note: the file of --data.file has changed since" in shown
    assert "forecast/best: the stored curves of truncation differ from what is asked now in data: " in shown
    assert [record.seed for record in stored(forecasting)] == [0, 1]
    assert all(new.estimate != old.estimate for new, old in zip(stored(forecasting), before, strict=True))


def test_a_file_that_only_moved_is_the_same(forecasting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reused(capsys, forecasting, *TRUNCATION) == "none"
    moved = shutil.move(forecasting.parent / "series.csv", forecasting.parent / "moved.csv")
    change_option(forecasting, file=str(moved))
    assert reused(capsys, forecasting, *TRUNCATION).startswith("2 of 2 measurements")


def test_what_cannot_be_checked_is_not_reused(forecasting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reused(capsys, forecasting, *TRUNCATION) == "none"
    (forecasting.parent / "series.csv").unlink()
    assert "series.csv" in failed(capsys, forecasting, *TRUNCATION)
    assert measure(forecasting, "--split", "val", "--no_twin") == 0
    shown = capsys.readouterr()
    assert "left out truncation: " in shown.err
    assert "truncation" not in shown.out
    assert "truncation" in {
        record.protocol for record in stored(forecasting)
    }  # kept, for when the file is back


@pytest.mark.parametrize(
    ("change", "protocols", "again"),
    [
        (change_weights, "gradient,recall", "none"),
        (lambda run: change_option(run, seed=5), "gradient,recall", "2 of 3 measurements"),
        (lambda run: None, "gradient,recall", "3 of 3 measurements"),
    ],
)
def test_only_what_depends_on_it_is_measured_anew(
    change: Callable[[Path], None],
    protocols: str,
    again: str,
    run: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [run, "--protocols", protocols, "--no_twin"]
    assert reused(capsys, *words) == "none"
    change(run)
    assert reused(capsys, *words).startswith(again)


def test_another_version_measures_anew(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [run, "--protocols", "gradient,recall", "--no_twin"]
    monkeypatch.setattr(retention_asked, "version", lambda _: "3.1.4")
    assert reused(capsys, *words) == "none"
    monkeypatch.setattr(retention_asked, "version", lambda _: "3.1.5")
    assert reused(capsys, *words).startswith("3 of 3 measurements")
    monkeypatch.setattr(retention_asked, "version", lambda _: "3.2.0")
    assert reused(capsys, *words) == "none"
    assert {record.settings["asked"]["version"] for record in stored(run)} == {"3.2"}


def test_another_version_of_the_plugin_measures_anew(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A curve of a third party's architecture is one of that version of it; its own version says that of a built-in."""
    words, loaded = [run, "--protocols", "gradient,recall", "--no_twin"], plugins.load()

    def install(distribution: str, version: str) -> None:
        found = tuple(replace(one, distribution=distribution, version=version) for one in loaded)
        monkeypatch.setattr(plugins, "load", lambda: found)

    assert reused(capsys, *words) == "none"
    assert not any("plugin" in record.settings["asked"] for record in stored(run))
    install("seqtoolkit", "99.0")
    assert reused(capsys, *words).startswith("3 of 3 measurements")
    install("others", "1.0")
    assert measure(*words) == 0
    assert "curves of gradient, recall differ from what is asked now in plugin" in capsys.readouterr().err
    assert {record.settings["asked"]["plugin"] for record in stored(run)} == {"others 1.0"}
    assert reused(capsys, *words).startswith("3 of 3 measurements")
    install("others", "1.0.1")
    assert reused(capsys, *words) == "none"


def rewrite(run: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    file = run / "probes" / "best" / FILE
    value = json.loads(file.read_text())
    for record in value["records"]:
        edit(record["settings"])
    file.write_text(json.dumps(value))


@pytest.mark.parametrize(
    "edit",
    [
        lambda settings: settings.pop("asked"),
        lambda settings: settings["asked"].pop("version"),
        lambda settings: settings.update(asked=3),
    ],
)
def test_curves_of_before_are_read_and_measured_anew(
    edit: Callable[[dict[str, Any]], object], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [run, "--protocols", "gradient", "--no_twin"]
    assert reused(capsys, *words) == "none"
    rewrite(run, edit)
    assert [record.seed for record in stored(run)] == [0, 1]
    assert reused(capsys, *words, small=ONE_SEED) == "none"
    assert [record.seed for record in stored(run)] == [0]


def test_seeds_of_another_question_are_not_kept_beside_the_new_ones(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [run, "--protocols", "gradient,truncation"]
    assert reused(capsys, *words) == "none"
    assert len(stored(run)) == 8
    other = [*ONE_SEED[:6], "--lags", "1,4", *ONE_SEED[8:]]
    assert measure(*words, "--no_twin", small=other) == 0
    assert capsys.readouterr().err == (
        "gru/best: the stored curves of gradient, truncation differ from what is asked now in lags: their seeds (2)"
        " are replaced by new ones (1), each protocol once its first new seed is done\n"
    )
    assert [(record.protocol, record.seed, record.lags) for record in stored(run)] == [
        ("gradient", 0, [1, 4]),
        ("truncation", 0, [1, 4]),
    ]


def test_another_split_is_another_curve_and_replaces_none(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [run, "--protocols", "truncation", "--no_twin"]
    change_option(run, val_per_lag=40)  # enough for an interval
    assert measure(*words) == measure(*words, "--split", "val") == 0
    assert "replaced" not in capsys.readouterr().err
    assert len(stored(run)) == 4


def test_fewer_seeds_of_the_same_question_leave_the_others(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [run, "--protocols", "gradient", "--no_twin"]
    assert reused(capsys, *words) == "none"
    assert reused(capsys, *words, "--again", small=ONE_SEED) == "none"
    assert [record.seed for record in stored(run)] == [0, 1]


def test_a_probe_of_an_older_checkpoint_is_known(run: Path) -> None:
    assert measure(run, "--protocols", "gradient", "--no_twin") == 0
    assert main(["test", "--ckpt_path", str(run / "checkpoints" / "best.ckpt")]) == 0
    names = (FILE, "test.json", "diagnosis.json")
    assert not any(outdated(run, "best", name) for name in names)
    change_weights(run)
    assert all(outdated(run, "best", name) for name in names)
    assert not outdated(run, "best", "nothing.json")
    manifest = run / "probes" / "best" / "manifest.json"
    value = json.loads(manifest.read_text())
    for entry in value["files"].values():
        del entry["checkpoint"]  # as older versions wrote it
    manifest.write_text(json.dumps(value))
    assert not any(outdated(run, "best", name) for name in names)
    assert len(retention_store.read(run, "best")) == 3
    (run / "checkpoints" / "best.ckpt").unlink()
    assert not outdated(run, "best", FILE)
