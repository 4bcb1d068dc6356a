"""Every verb of the command line: what it prints, and one clear line for each mistake."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from seqtoolkit.cli import main
from tests.core.commands import TINY, TINY_G2P, fit, seqtoolkit

BASE = ["fit", *TINY, "--run", "unused"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*BASE, "--model.arch", "lsmt"], "unknown architecture 'lsmt': did you mean 'lstm'?"),
        ([*BASE], "no architecture chosen: add --model.arch lstm"),
        (
            [*BASE, "--model.arch", "lstm", "--model.arch_config.forget_bais", "2"],
            "did you mean 'forget_bias'?",
        ),
        ([*BASE, "--model.arch", "lstm", "--model.arch_config.forget_bias", "x"], "forget_bias='x'"),
        ([*BASE, "--model.arch", "attention", "--model.arch_config.num_heads", "3"], "num_heads=3"),
        (
            [*BASE, "--model.d_model", "wide"],
            "Parser key \"model.d_model\": Expected a <class 'int'>. Got value: wide",
        ),
        (
            [*BASE, "--model.dmodel", "3"],
            "unrecognized arguments: --model.dmodel 3 did you mean --model.d_model?",
        ),
        (["fit", "--config", "missing.yaml"], "missing.yaml: no such file; expected a configuration"),
        (
            ["fit", "--model.arch", "lstm"],
            "--data takes PairsData, G2PData, ReverseData, DatesData, RecallData",
        ),
        (
            ["fit", "--data", "Nope", "--model.arch", "lstm"],
            "--data takes PairsData, G2PData, ReverseData, DatesData, RecallData",
        ),
        ([*BASE, "--model.arch", "lstm", "--data.max_lag", "99"], "use --data.length"),
        (
            ["fit", "--data", "PairsData", "--model.arch", "lstm"],
            "seqtoolkit fit: no pairs: give --data.file PAIRS.tsv",
        ),
        (
            ["fit", "--data", "PairsData", "--data.file", "none.tsv", "--model.arch", "lstm"],
            "seqtoolkit fit: cannot read none.tsv: No such file or directory; expected a source, a tab and a target",
        ),
        (
            ["fit", "--data", "PairsData", "--data.on_bad_line", "skop", "--model.arch", "lstm"],
            "Parser key \"on_bad_line\": Expected a typing.Literal['error', 'skip']. Got value: skop",
        ),
        (
            [*BASE, "--model.encoder_layers", "two"],
            "Parser key \"model.encoder_layers\": Expected a <class 'int'>. Got value: two",
        ),
        (
            ["fit", "--data", "DatesData", "--data.locales", "en", "--model.arch", "lstm"],
            "Parser key \"locales\": Expected a <class 'list'>. Got value: en",
        ),
        (["test"], "no checkpoint: add --ckpt_path"),
        (
            ["predict", "--ckpt_path", "missing.ckpt", "--data", "G2PData", "--model.arch", "lstm"],
            "no such file",
        ),
        (["nonsense"], "no command 'nonsense'; expected one of fit, validate, test, predict"),
        (["runs", "nowhere"], "nowhere"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert message in error[-1]
    assert "NoneType" not in error[-1]  # what else an option could have been
    assert len(error) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["x: [", "a: b: c", "- 1\n- 2\n", "just words", "\x00", ""])
def test_a_config_that_is_no_yaml(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    assert main(["fit", "--config", str(path)]) == 2
    assert str(path) in capsys.readouterr().err


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in ("fit", "predict", "runs", "plugins", "check", "dashboard"))
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("seqtoolkit 0.")


@pytest.mark.parametrize("verb", ["fit", "validate", "test", "predict"])
def test_help_of_each_verb(verb: str) -> None:
    done = seqtoolkit(verb, "--help")
    assert done.returncode == 0
    assert "--model.arch_config" in done.stdout
    assert "options of the architecture" in done.stdout


def test_print_config_is_a_configuration(tmp_path: Path) -> None:
    done = seqtoolkit(*BASE, "--model.arch", "gru", "--print_config")
    config = yaml.safe_load(done.stdout)
    assert config["model"]["arch"] == "gru"
    assert config["optimizer"]["class_path"] == "torch.optim.AdamW"
    (tmp_path / "c.yaml").write_text(done.stdout)
    words = [
        "--config",
        str(tmp_path / "c.yaml"),
        "--trainer.max_epochs",
        "1",
        "--run",
        str(tmp_path / "run"),
    ]
    assert main(["fit", *words]) == 0


def test_another_optimiser_and_schedule(tmp_path: Path) -> None:
    words = [
        "--optimizer",
        "SGD",
        "--optimizer.lr",
        "0.1",
        "--lr_scheduler",
        "ExponentialLR",
        "--lr_scheduler.gamma",
        "0.5",
    ]
    assert fit(tmp_path / "a", "--model.arch", "rnn", *words) == 0


def test_the_glance_imports_no_torch() -> None:
    code = "import sys; from seqtoolkit.cli import main; main([{!r}]); assert 'torch' not in sys.modules"
    for words in ("--version", "--help"):
        subprocess.run([sys.executable, "-c", code.format(words)], check=True, capture_output=True)


def test_runs_lists_what_was_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(tmp_path / "a", "--model.arch", "rnn") == 0
    assert main(["test", "--ckpt_path", str(tmp_path / "a" / "checkpoints" / "best.ckpt")]) == 0
    capsys.readouterr()
    assert main(["runs", str(tmp_path)]) == 0
    header, _, row = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["run", "architecture", "status"]
    assert row.split()[:3] == ["a", "rnn", "finished"]
    assert main(["runs", "--json", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["test/loss"] > 0


@pytest.fixture(scope="module")
def speller(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint that has hardly learned to pronounce."""
    run = tmp_path_factory.mktemp("g2p") / "run"
    assert fit(run, "--model.arch", "gru", base=TINY_G2P) == 0
    return str(run / "checkpoints" / "last.ckpt")


def test_predict_from_a_file_and_from_standard_input(speller: str, tmp_path: Path) -> None:
    words = ["hello", "A", "transformers", "Cat", "it's"]
    (tmp_path / "words.txt").write_text("\n".join(words) + "\n")
    out = tmp_path / "out.tsv"
    done = seqtoolkit(
        "predict", "--ckpt_path", speller, "--data.words", str(tmp_path / "words.txt"), "--output", str(out)
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in out.read_text().splitlines()]
    assert lines[0] == ["word", "phonemes"]
    assert [line[0] for line in lines[1:]] == words
    piped = seqtoolkit(
        "predict", "--ckpt_path", speller, "--data.words", "-", "--format", "jsonl", text="\n".join(words)
    )
    assert piped.returncode == 0, piped.stderr
    assert [json.loads(line) for line in piped.stdout.splitlines()] == [
        dict(zip(lines[0], line, strict=True)) for line in lines[1:]
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "words.txt"),
        ("ok\nnaïve\n", "words.txt"),
        ("ok\n日本\n", "line 2"),
    ],
)
def test_words_that_cannot_be_read(
    speller: str, tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "words.txt"
    path.write_text(text)
    out = tmp_path / "out.tsv"
    words = ["predict", "--ckpt_path", speller, "--data.words", str(path), "--output", str(out)]
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_predict_needs_words(speller: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "--ckpt_path", speller]) == 2
    assert "give --data.words FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "decay"),
    [
        ("", 0.01),
        ("--optimizer Adam", 0),
        ("--optimizer=torch.optim.Adam", 0),
        ("--optimizer torch.optim.SGD --optimizer.weight_decay 0.5", 0.5),
        ("--optimizer.weight_decay 0.5 --optimizer Adam", 0.5),
        ('--config {"optimizer":"torch.optim.Adam"}', 0),
        ('--config={"optimizer":{"class_path":"torch.optim.Adam","init_args":{"eps":0.1}}}', 0),
        ('--config {"optimizer":{"class_path":"Adam","init_args":{"weight_decay":0.3}}}', 0.3),
        ("--optimizer AdamW", 0.01),
    ],
)
def test_an_optimiser_begins_with_its_own_weight_decay(words: str, decay: float) -> None:
    done = seqtoolkit(*BASE, "--model.arch", "gru", *words.split(), "--print_config")
    assert yaml.safe_load(done.stdout)["optimizer"]["init_args"]["weight_decay"] == decay
    assert yaml.safe_load(done.stdout)["optimizer"]["init_args"]["lr"] == 2e-3
