"""Curves beside a checkpoint: what is measured anew replaces its like, and everything else is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seqtoolkit import retention_store
from seqtoolkit.retention.record import Record
from seqtoolkit.run_folder import RunFolder


def record(
    protocol: str = "decoding", seed: int | None = 0, estimate: float = 0.5, **settings: object
) -> Record:
    return Record(
        protocol, "R2", [1], [estimate], [0.0], [1.0], [0.0], [9], seed=seed, settings=dict(settings)
    )


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.open(create=True)
    folder.update(status="finished")
    return folder


CHECKPOINT = Path("best.ckpt")


def test_only_its_like_is_replaced(folder: RunFolder) -> None:
    first = [record(), record(seed=1), record(twin=True), record("gradient"), record(part="decoder")]
    retention_store.write(folder, CHECKPOINT, 5, first)
    retention_store.write(folder, CHECKPOINT, 5, [record(estimate=0.25)])
    found = retention_store.read(folder.path, "best")
    assert len(found) == 5
    assert [r.estimate[0] for r in found if r == record(estimate=0.25)] == [0.25]
    assert found[-1].protocol == "gradient"
    assert found == retention_store.merge(found, found)


def test_one_recall_curve_whoever_measured_it(folder: RunFolder) -> None:
    by_test = record("recall", seed=5, drive="recall/test")
    by_older_test = record("recall", seed=5)
    by_command = record("recall", seed=0, drive="recall/test", estimate=0.25)
    assert retention_store.merge([by_test], [by_command]) == [by_command]
    assert retention_store.merge([by_older_test], [by_command]) == [by_command]
    retention_store.write(folder, CHECKPOINT, 5, [by_test], split="test")
    retention_store.write(folder, CHECKPOINT, 5, [record()])
    assert retention_store._probe(folder.path, "best")["split"] == "test"
    assert len(retention_store.read(folder.path, "best")) == 2


def test_another_state_of_the_checkpoint_begins_anew(folder: RunFolder) -> None:
    retention_store.write(folder, CHECKPOINT, 5, [record()], split="test")
    retention_store.write(folder, CHECKPOINT, 6, [record("gradient")])
    assert [r.protocol for r in retention_store.read(folder.path, "best", 6)] == ["gradient"]
    assert retention_store.read(folder.path, "best", 5) == []
    assert retention_store._probe(folder.path, "best")["split"] == ""


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"step": 5, "records": 3}', '{"step": 5, "records": [{"lags": 1}]}']
)
def test_a_damaged_file_is_measured_again(folder: RunFolder, text: str) -> None:
    retention_store.write(folder, CHECKPOINT, 5, [record()])
    (folder.path / "probes" / "best" / "retention.json").write_text(text)
    assert retention_store.read(folder.path, "best", 5) == []
    retention_store.write(folder, CHECKPOINT, 5, [record()])
    assert retention_store.read(folder.path, "best", 5) == [record()]


@pytest.mark.parametrize(
    "changes", [{"settings": 3}, {"seed": "0"}, {"protocol": None}, {"lags": 1}, {"more": 1}]
)
def test_a_damaged_record_is_left_out(folder: RunFolder, changes: dict[str, Any]) -> None:
    retention_store.write(folder, CHECKPOINT, 5, [record(), record("gradient")])
    file = folder.path / "probes" / "best" / "retention.json"
    value = json.loads(file.read_text())
    value["records"][0] |= changes
    file.write_text(json.dumps(value))
    assert len(retention_store.read(folder.path, "best", 5)) == 1


def test_one_curve_is_one_question() -> None:
    """Seeds and twins that were asked otherwise go; other parts, drives and protocols are other curves, and stay."""
    few, many = {"lags": [1]}, {"lags": [1, 2]}
    others = [
        record(part="decoder", asked=few),
        record(drive="text/val", asked=few),
        record("gradient", asked=few),
    ]
    old = [
        record(asked=few),
        record(seed=1, asked=few),
        record(twin=True, asked=few),
        record(seed=2),
        *others,
    ]
    found = retention_store.merge(old, [record(asked=many)])
    assert found == retention_store.merge(others, [record(asked=many)])
    assert len(found) == 4
    assert (
        len(retention_store.merge(old, [record(seed=3, asked=few)])) == 7
    )  # all but the one that was not kept
    by_test = record("recall", seed=5)
    twin = record("recall", twin=True, asked=few)
    assert len(retention_store.merge([twin], [by_test])) == 2  # it does not say what it was asked


def test_curves_of_another_file_at_the_same_step_are_left_out(folder: RunFolder) -> None:
    retention_store.write(folder, CHECKPOINT, 5, [record(asked={"checkpoint": "a"})], digest="a")
    retention_store.write(folder, CHECKPOINT, 5, [record("recall")])
    assert len(retention_store.read(folder.path, "best", 5)) == 2
    retention_store.write(folder, CHECKPOINT, 5, [record("gradient", asked={"checkpoint": "b"})], digest="b")
    assert [r.protocol for r in retention_store.read(folder.path, "best", 5)] == ["gradient", "recall"]
