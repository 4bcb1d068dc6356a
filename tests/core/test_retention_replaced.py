"""Curves of a replaced checkpoint or another question do not stand beside new ones, and go only when these come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seqtoolkit import retention_store
from seqtoolkit.probes import digest_of, outdated
from seqtoolkit.retention.record import Record
from seqtoolkit.retention_session import Job, Session
from seqtoolkit.run_folder import RunFolder
from tests.core.measuring import SMALL, measure, stored


def record(protocol: str, **settings: object) -> Record:
    column = [0.5, 0.25]
    return Record(
        protocol, "rho2", [1, 2], column, column, column, [0.0, 0.0], [40, 40], seed=0, settings=settings
    )


def test_an_evaluation_does_not_make_curves_of_a_replaced_checkpoint_look_new(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.open(create=True)
    file = folder.path / "checkpoints" / "best.ckpt"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"first")
    old = record("decoding", asked={"checkpoint": digest_of(file)})
    retention_store.write(folder, file, 60, [old], digest=digest_of(file))
    retention_store.write(folder, file, 60, [record("recall")], "test")
    assert [one.protocol for one in retention_store.read(folder.path, "best")] == ["decoding", "recall"]
    file.write_bytes(b"another of the same step")
    retention_store.write(folder, file, 60, [record("recall")], "test")
    assert not outdated(folder.path, "best", retention_store.NAME)
    assert [one.protocol for one in retention_store.read(folder.path, "best")] == ["recall"]
    folder.close()


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
    assert "the stored curves of gradient, truncation differ from what is asked now in lags" in shown
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
