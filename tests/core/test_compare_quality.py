"""What runs are judged by: the first of several rules that applies, and intervals from whichever probe has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seqtoolkit.compare.quality import Measure, baseline_of, measure_of, quality_of
from seqtoolkit.compare.statistics import Reached
from seqtoolkit.quality import Quality
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.run_folder import RunFolder

SKILL = {
    "baseline": "majority class",
    "baseline_estimate": 0.3,
    "skill": 0.8,
    "skill_lower": 0.7,
    "skill_upper": 0.9,
}
ACCURACY = Quality("accuracy", "accuracy", True, 90, 0.86, 0.8, 0.9, **SKILL)  # type: ignore[arg-type]
OVERALL = {"estimate": 0.1, "lower": 0.08, "upper": 0.13, "n": 500}
LENGTH = LengthRecord(
    "error_rate", "edits a symbol", [1], [9], [0.1], [0.08], [0.13], [500], settings={"overall": OVERALL}
)


def leave(path: Path, metrics: dict[str, float], *records: Any, split: str = "test") -> Path:
    """Leave what `test` leaves."""
    folder, checkpoint = RunFolder(path), path / "checkpoints" / "best.ckpt"
    folder.open(create=True)
    named = {f"{split}/{name}": value for name, value in metrics.items()}
    folder.write_probe(checkpoint, f"{split}.json", {"metrics": named})
    for record in records:
        found = {"schema": 1, "split": split, "step": 1, "records": [record.to_dict()]}
        folder.write_probe(checkpoint, f"{record.probe}.json", found)
    folder.close()
    return path


def test_by_what_a_checkpoint_was_chosen(tmp_path: Path) -> None:
    run = leave(tmp_path / "run", {"loss": 1.0, "per": 0.1, "sequence_accuracy": 0.5}, LENGTH)
    measure = measure_of(run, "test", "val/per", "min", None)
    assert measure == Measure("per", "min", "edits a symbol")
    assert quality_of(run, measure) == Reached(0.1, 0.08, 0.13, 500)
    assert baseline_of(run, measure) is None


def test_its_first_stored_quality(tmp_path: Path) -> None:
    run = leave(tmp_path / "run", {"loss": 1.0, "accuracy": 0.86}, ACCURACY)
    measure = measure_of(run, "test", "val/loss", "min", None)
    assert measure == Measure("accuracy", "max", "accuracy")
    assert quality_of(run, measure) == Reached(0.86, 0.8, 0.9, 90)
    found = baseline_of(run, measure)
    assert found is not None
    assert found | {} == {"name": "majority class", "estimate": 0.3} | {
        k: v for k, v in SKILL.items() if "skill" in k
    }


def test_a_known_measure_or_the_loss(tmp_path: Path) -> None:
    run = leave(tmp_path / "run", {"loss": 1.0, "token_accuracy": 0.5})
    assert measure_of(run, "test", "val/loss", "min", None) == Measure("token_accuracy", "max", "accuracy")
    bare = leave(tmp_path / "bare", {"loss": 1.0, "strange": 3.0})
    assert measure_of(bare, "test", "val/gone", "max", None) == Measure("loss", "min")
    assert quality_of(bare, Measure("loss", "min")) == Reached(1.0)


def test_what_was_asked_for(tmp_path: Path) -> None:
    run = leave(tmp_path / "run", {"loss": 1.0, "strange": 3.0})
    assert measure_of(run, "test", "val/loss", "min", "strange:max") == Measure("strange", "max")
    with pytest.raises(ValueError, match="the test split has no 'gone'; it has loss, strange"):
        measure_of(run, "test", "val/loss", "min", "gone:max")


def test_what_another_split_or_nothing_has_measured(tmp_path: Path) -> None:
    run = leave(tmp_path / "run", {"loss": 1.0, "accuracy": 0.86}, ACCURACY, split="val")
    assert quality_of(run, Measure("accuracy", "max", "accuracy", "test")) is None
    assert quality_of(run, Measure("accuracy", "max", "accuracy", "val")) == Reached(0.86, 0.8, 0.9, 90)
    assert quality_of(tmp_path, Measure("loss", "min")) is None


def test_shares_lie_between_0_and_1() -> None:
    shares = [Measure(name, "max").is_share for name in ("frame_accuracy", "macro_f1", "r2", "bleu")]
    assert shares == [True, True, False, False]


def test_an_interval_in_other_units_is_not_taken(tmp_path: Path) -> None:
    run = leave(tmp_path / "run", {"accuracy": 86.0}, ACCURACY)
    assert quality_of(run, Measure("accuracy", "max")) == Reached(86.0)
