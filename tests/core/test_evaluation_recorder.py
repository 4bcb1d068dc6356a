"""`test` and `validate` leave length curves and alignments beside the checkpoint, and a test is never overwritten."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from seqtoolkit.cli import main
from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.length_record import MEASURES, LengthRecord
from seqtoolkit.runs import read_probe, read_run
from tests.core.commands import fit

MODEL = """
    --model.arch gru --model.d_model 16 --model.num_layers 1 --trainer.max_epochs 2 --data PairsData
    --trainer.enable_progress_bar false --trainer.log_every_n_steps 1 --data.source characters
    --data.target characters --seed_everything 5
""".split()
ATTENTION = ["--model.encoder", "gru", "--model.attention", "additive"]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """340 words of three to five letters, answered by themselves in capitals."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    words = ["".join(word) for size in (3, 4, 5) for word in itertools.product("abcd", repeat=size)]
    lines = [(w, w.upper(), " ".join(f"{i}-{i}" for i in range(len(w)))) for w in words[::4]]
    path.write_text("".join("\t".join(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def tested(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("tested") / "attention"
    assert fit(run, *MODEL, "--data.file", str(pairs), *ATTENTION, base=[]) == 0
    assert stored(run, "length")["split"] == "val"
    assert not (run / "probes" / "best" / "alignment.json").exists()
    assert main(["test", "--ckpt_path", str(run / "checkpoints" / "best.ckpt")]) == 0
    return run


def stored(run: Path, name: str) -> dict[str, Any]:
    probe = read_probe(run, "best", f"{name}.json")
    assert probe is not None
    return probe


def test_a_test_leaves_the_length_curves(tested: Path) -> None:
    probe = stored(tested, "length")
    assert (probe["schema"], probe["split"]) == (1, "test")
    records = [LengthRecord.from_dict(record) for record in probe["records"]]
    metrics = read_run(tested).metrics
    assert [record.measure for record in records] == list(MEASURES)
    for record in records:
        assert record.settings["overall"]["n"] == sum(record.n) > 20
        assert record.settings["overall"]["estimate"] == pytest.approx(metrics[f"test/{record.measure}"])
        assert record.seed == 5
        assert min(record.low) >= 3
        assert max(record.high) <= 5


def test_a_test_leaves_the_alignments(tested: Path) -> None:
    records = [AlignmentRecord.from_dict(record) for record in stored(tested, "alignment")["records"]]
    metrics = read_run(tested).metrics
    assert [record.quantity for record in records] == ["entropy", "gold_share", "faithfulness"]
    names = ["test/alignment_entropy", "test/gold_share", "test/faithfulness"]
    assert [record.estimate for record in records] == pytest.approx(
        [metrics[name] for name in names], abs=1e-5
    )
    assert len({record.n for record in records}) == 1
    assert {record.seed for record in records} == {5}


def test_validation_does_not_replace_a_test_of_the_same_checkpoint(tested: Path) -> None:
    before = stored(tested, "length")
    best = str(tested / "checkpoints" / "best.ckpt")
    assert main(["validate", "--ckpt_path", best]) == 0
    assert stored(tested, "length") == before
    assert read_run(tested).metrics["val/chrf"] >= 0
    file = tested / "probes" / "best" / "length.json"
    for text in (json.dumps({**before, "step": before["step"] - 1}), "{"):  # of another checkpoint; damaged
        file.write_text(text)
        assert main(["validate", "--ckpt_path", best]) == 0
        assert stored(tested, "length")["split"] == "val"
    assert main(["test", "--ckpt_path", best]) == 0
    assert stored(tested, "length") == before


def test_a_model_without_attention_has_lengths_only(pairs: Path, tmp_path: Path) -> None:
    assert fit(tmp_path / "one", *MODEL, "--data.file", str(pairs), base=[]) == 0
    best = tmp_path / "one" / "checkpoints" / "best.ckpt"
    assert main(["validate", "--ckpt_path", str(best)]) == 0
    assert stored(tmp_path / "one", "length")["split"] == "val"
    assert main(["test", "--ckpt_path", str(best)]) == 0
    assert stored(tmp_path / "one", "length")["split"] == "test"
    assert read_probe(tmp_path / "one", "best", "alignment.json") is None
    assert "test/faithfulness" not in read_run(tmp_path / "one").metrics
