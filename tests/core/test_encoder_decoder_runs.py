"""An encoder-decoder through the command line: trained, resumed, refused, tested with beams, asked for the n best."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch

from seqtoolkit import checkpoint
from seqtoolkit.cli import main
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.runs import read_metrics, read_probe, read_run
from tests.core.commands import fit, losses, seqtoolkit

TINY = """
    --data PairsData --data.batch_tokens 128 --model.d_model 16 --model.num_layers 1 --model.arch gru
    --model.encoder lstm --model.attention general --model.dropout 0.1 --model.label_smoothing 0.1
    --trainer.enable_progress_bar false --trainer.log_every_n_steps 1 --trainer.max_epochs 2
""".split()


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A file of 200 pairs: a word, and the word doubled."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    words = ["".join("abcdefgh"[int(digit)] for digit in oct(number * 7)[2:]) for number in range(200)]
    path.write_text("".join(f"{word}\t{word}{word}\n" for word in words))
    return ["--data.file", str(path)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, pairs: list[str]) -> Path:
    run = tmp_path_factory.mktemp("trained") / "whole"
    assert fit(run, *pairs, base=TINY) == 0
    return run


def test_the_run_says_what_it_is(trained: Path) -> None:
    run = read_run(trained)
    assert (run.status, run.arch, run.task) == ("finished", "gru", "pairs")
    named = {
        name: run.record[name]
        for name in ("encoder", "attention", "attend", "encoder_width", "attention_config")
    }
    assert named == {
        "encoder": "lstm", "attention": "general", "attend": "after", "encoder_width": 16, "attention_config": {},
    }  # fmt: skip
    best = trained / "checkpoints" / "best.ckpt"
    assert torch.serialization.get_unsafe_globals_in_checkpoint(best) == []
    model = checkpoint.load(best).model
    assert isinstance(model, EncoderDecoder)
    assert run.parameters == sum(weights.numel() for weights in model.parameters())


def test_a_run_that_stopped_goes_on_to_the_same_weights(
    trained: Path, tmp_path: Path, pairs: list[str]
) -> None:
    part = tmp_path / "part"
    assert fit(part, *pairs, "--trainer.max_epochs", "1", base=[*TINY, "--lr_scheduler", "ConstantLR"]) == 0
    whole = tmp_path / "whole"
    assert fit(whole, *pairs, base=[*TINY, "--lr_scheduler", "ConstantLR"]) == 0
    assert (
        main(["fit", "--ckpt_path", str(part / "checkpoints" / "last.ckpt"), "--trainer.max_epochs", "2"])
        == 0
    )
    assert losses(part) == losses(whole)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--model.encoder", "gru", "--model.encoder_config", "{}"],
            "encoder: the checkpoint has 'lstm', you ask for 'gru'",
        ),
        (
            ["--model.attention", "additive"],
            "attention: the checkpoint has 'general', you ask for 'additive'",
        ),
        (["--model.attend", "before"], "attend: the checkpoint has 'after', you ask for 'before'"),
    ],
)
def test_another_model_is_refused(
    trained: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--ckpt_path", str(trained / "checkpoints" / "last.ckpt"), *words]) == 2
    assert message in capsys.readouterr().err


def test_other_data_is_read_with_the_symbols_of_the_checkpoint_and_noted(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.tsv").write_text("".join(f"{letter}\t{letter}\n" for letter in "uvwxyz" * 9))
    last = str(trained / "checkpoints" / "last.ckpt")
    assert main(["test", "--ckpt_path", last, "--data.file", str(tmp_path / "other.tsv")]) == 0
    assert "the file of --data.file has changed" in capsys.readouterr().err


def test_training_leaves_the_errors_by_length_of_its_best_checkpoint(trained: Path) -> None:
    probe = read_probe(trained, "best", "length.json")
    assert probe["step"] == checkpoint.load(trained / "checkpoints" / "best.ckpt").step
    assert probe["split"] in ("val", "test")  # of the test, where another test was there before
    rates = {one["measure"]: one["settings"]["overall"]["estimate"] for one in probe["records"]}
    if probe["split"] == "val":
        logged = [row for row in read_metrics(trained) if "val/error_rate" in row]
        assert rates["error_rate"] in [pytest.approx(row["val/error_rate"], abs=1e-6) for row in logged]


def test_it_is_measured_by_source_length_and_its_attention_against_what_it_uses(trained: Path) -> None:
    assert main(["test", "--ckpt_path", str(trained / "checkpoints" / "best.ckpt"), "--beams", "3"]) == 0
    metrics = read_run(trained).metrics
    assert metrics["test/beams"] == 3
    wanted = ("sequence_accuracy", "error_rate", "chrf", "bleu", "alignment_entropy", "faithfulness")
    assert {f"test/{name}" for name in wanted} <= metrics.keys()
    for probe in ("length.json", "alignment.json"):
        records = read_probe(trained, "best", probe)["records"]
        assert records
        assert all(one["lower"] <= one["estimate"] <= one["upper"] for one in records if "head" in one)
    assert {one["settings"]["beams"] for one in read_probe(trained, "best", "length.json")["records"]} == {3}


def test_the_n_best_answers_come_with_their_scores(trained: Path) -> None:
    words = ["predict", "--ckpt_path", str(trained / "checkpoints" / "best.ckpt"), "--data.inputs", "-"]
    done = seqtoolkit(*words, "--n_best", "3", text="abc\nhgfe\n")
    assert done.returncode == 0, done.stderr
    head, *lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert head == ["source", "rank", "answer", "score"]
    assert [(line[0], line[1]) for line in lines] == [
        (word, rank) for word in ("abc", "hgfe") for rank in "123"
    ]
    scores = [float(line[3]) for line in lines]
    assert scores == sorted(scores[:3], reverse=True) + sorted(scores[3:], reverse=True)
    listed = seqtoolkit(*words, "--n_best", "2", "--format", "jsonl", text="abc\n")
    row = json.loads(listed.stdout)
    assert [one["answer"] for one in row["n_best"]] == [line[2] for line in lines[:2]]
    plain = seqtoolkit(*words, "--beams", "3", text="abc\n")
    assert plain.stdout == f"source\ttarget\nabc\t{lines[0][2]}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "RecallData"], "'recall' has no source apart from its target"),
        (["--model.attention", "dot", "--model.encoder_width", "8"], "dot"),
        (
            ["--model.attention_config.heads", "2", "--model.attention", "multihead"],
            "did you mean 'num_heads'",
        ),
        (["--model.attend", "during"], "attend"),
        (["--model.label_smoothing", "1"], "label_smoothing is 1"),
        (["--model.encoder", "null"], "is for a model that reads with an encoder: add --model.encoder gru"),
    ],
)
def test_what_cannot_be_is_one_line(
    words: list[str], message: str, pairs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = [word for word in TINY if not word.startswith("PairsData")] if "RecallData" in words else TINY
    if "RecallData" in words:
        base, pairs = ["--model.arch", "gru", "--model.encoder", "lstm"], []
    assert fit(tmp_path / "run", *pairs, *words, base=base) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert message in error[0]
    assert not (tmp_path / "run").exists()


def test_two_processes_are_one(trained: Path, tmp_path: Path, pairs: list[str]) -> None:
    words = [*TINY, *pairs, "--model.dropout", "0", "--trainer.max_epochs", "1"]
    assert main(["fit", *words, "--run", str(tmp_path / "one")]) == 0
    two = ["--trainer.devices", "2", "--trainer.strategy", "ddp", "--trainer.accelerator", "cpu"]
    done = seqtoolkit("fit", *words, *two, "--run", str(tmp_path / "two"))
    assert done.returncode == 0, done.stderr
    one_, two_ = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert two_.keys() == one_.keys()
    assert max(abs(one_[step] - two_[step]) for step in one_) < 1e-4
    assert read_run(tmp_path / "two").metrics["val/error_rate"] == pytest.approx(
        read_run(tmp_path / "one").metrics["val/error_rate"], abs=0.02
    )


def test_mixed_precision_trains(tmp_path: Path, pairs: list[str]) -> None:
    words = ["--trainer.precision", "bf16-mixed", "--trainer.max_epochs", "1", "--model.attend", "before"]
    assert fit(tmp_path / "run", *pairs, *words, base=TINY) == 0
    assert all(loss == loss for loss in losses(tmp_path / "run").values())


def test_predict_needs_the_checkpoint_alone(trained: Path, tmp_path: Path) -> None:
    """Its symbols are in the file: the training pairs may be gone, and the run may have moved."""
    moved = tmp_path / "moved"
    shutil.copytree(trained, moved)
    config = (moved / "config.yaml").read_text()
    (moved / "config.yaml").write_text(re.sub(r"file: .*pairs\.tsv", "file: /nowhere/pairs.tsv", config))
    words = ["predict", "--data.inputs", "-", "--ckpt_path"]
    here = seqtoolkit(*words, str(trained / "checkpoints" / "best.ckpt"), text="abc\nzzz\n")
    there = seqtoolkit(*words, str(moved / "checkpoints" / "best.ckpt"), text="abc\nzzz\n")
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout


def test_training_goes_on_with_known_symbols(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "more.tsv").write_text("".join(f"{letter}\t{letter}\n" for letter in "abcdefxy" * 9))
    known = ["--data.file", str(tmp_path / "more.tsv"), "--data.spec_of"]
    assert fit(tmp_path / "run", *known, str(trained / "checkpoints" / "best.ckpt"), base=TINY) == 0
    specs = [
        checkpoint.described(run / "checkpoints" / "best.ckpt").spec for run in (trained, tmp_path / "run")
    ]
    assert specs[0]["codec"] == specs[1]["codec"]
