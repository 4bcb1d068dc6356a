"""A stored curve is reused only where all that it was measured from is still the same; else it is measured anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from seqtoolkit import retention_asked, retention_store
from seqtoolkit.cli import main
from seqtoolkit.probes import outdated
from seqtoolkit.retention_session import Job, Session
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
    assert "forecast/best: the stored curves of truncation have other data than asked for now: " in shown
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
        "gru/best: the stored curves of gradient, truncation have other lags than asked for now: their seeds (2) are"
        " replaced by new ones (1), each protocol once its first new seed is done\n"
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


@pytest.mark.parametrize("end", [KeyboardInterrupt, ValueError("the twin diverged")])
@pytest.mark.parametrize("again", [[], ["--again"]])
def test_nothing_is_lost_before_the_first_new_seed_is_done(
    end: BaseException | type[BaseException],
    again: list[str],
    run: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The new curve alone, without its twin, does not replace the old ones; with it, it does."""
    words, other = [run, *again], [*SMALL[:6], "--lags", "1,4", *SMALL[8:]]
    assert measure(*words, "--protocols", "gradient,truncation") == 0
    before = stored(run)
    with monkeypatch.context() as patch:
        end_at(patch, Job("gradient", 0, True), end)
        status = measure(*words, "--protocols", "gradient,truncation", small=other)
    shown = capsys.readouterr().err
    assert "the stored curves of gradient, truncation have other lags" in shown
    assert stored(run) == before
    assert status == (130 if end is KeyboardInterrupt else 2)
    if end is KeyboardInterrupt:
        assert "gru/best: interrupted; nothing is stored of this measurement, and what was stored" in shown
    with monkeypatch.context() as patch:
        end_at(patch, Job("gradient", 1, False), end)
        measure(*words, "--protocols", "gradient,truncation", small=other)
    curves = [(r.protocol, r.seed, r.lags) for r in stored(run)]
    assert curves == [(p, 0, [1, 4]) for p in ("gradient", "gradient", "truncation", "truncation")]


def test_a_protocol_that_is_left_out_keeps_its_old_curves(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measure(run) == 0
    before = [record for record in stored(run) if record.protocol == "gradient"]
    end_at(monkeypatch, Job("gradient", 0, True), ValueError("the twin diverged"))
    assert measure(run, small=[*SMALL[:6], "--lags", "1,4", *SMALL[8:]]) == 0
    assert "left out gradient: the twin diverged" in capsys.readouterr().err
    assert [record for record in stored(run) if record.protocol == "gradient"] == before
    assert [record.lags for record in stored(run) if record.protocol == "truncation"] == [[1, 4]] * 4


def end_at(patch: pytest.MonkeyPatch, last: Job, end: BaseException | type[BaseException]) -> None:
    """Let one measurement end otherwise than with records."""
    original = Session._call

    def ending(self: Session, job: Job) -> Any:
        if job == last:
            raise end
        return original(self, job)

    patch.setattr(Session, "_call", ending)


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
