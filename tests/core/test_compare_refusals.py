"""What `seqtoolkit compare` refuses: options that are wrong, and a folder that holds another comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqtoolkit.compare import options, store
from seqtoolkit.compare.prepare import judged
from seqtoolkit.data.labelled_series import LabelledSeriesData
from seqtoolkit.retention import decoding, statistics
from tests.core.comparing import Comparing, Fake


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparing:
    return Comparing(tmp_path, monkeypatch)


def test_another_comparison_in_the_folder_is_refused(
    compare: Comparing, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(Fake(), "--seeds", "1") == 0
    for words, message in (
        (["--data.length", "9"], "options for fit: [], now ['--data.length', '9']"),
        (["--rates", "0.1"], "rates: None, now [0.1]"),
        (["--max_steps", "7"], "budget: "),
    ):
        capsys.readouterr()
        assert compare(Fake(), "--seeds", "1", *words) == 2
        line = capsys.readouterr().err
        assert message in line
        assert "choose another folder with --out" in line
    compare.config.write_text("data: {x: 1}\n")
    assert compare(Fake(), "--seeds", "1") == 2
    assert "the configuration has changed" in capsys.readouterr().err


def test_other_data_are_refused(
    compare: Comparing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake, data = Fake(), tmp_path / "data.csv"
    data.write_text("1")
    fake.files = [data]
    assert compare(fake, "--seeds", "1", "--rates", "0.003") == 0
    assert compare(Fake(), "--seeds", "1", "--rates", "0.003") == 0
    data.write_text("2")
    assert compare(Fake(), "--seeds", "1", "--rates", "0.003") == 2
    assert f"{data} has changed" in capsys.readouterr().err
    data.unlink()  # not needed any more, and so no obstacle
    assert compare(Fake(), "--seeds", "1", "--rates", "0.003") == 0


def test_two_comparisons_do_not_share_a_folder(
    compare: Comparing, capsys: pytest.CaptureFixture[str]
) -> None:
    with store.held(compare.out):
        assert compare(Fake()) == 2
    assert "is being compared by another process" in capsys.readouterr().err


def test_what_a_configuration_is_refused_for_is_said(
    compare: Comparing, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(Fake(lambda command: "seqtoolkit compare: unknown architecture 'x'")) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("seqtoolkit compare: unknown architecture 'x'")


def test_a_test_file_that_cannot_be_read_is_no_missing_split(tmp_path: Path) -> None:
    for name in ("train", "test"):
        rows = "".join(f"{number % 7}.5,{number}:{'ab'[number % 2]}\n" for number in range(40))
        head = "@problemName made\n@timeStamps false\n@classLabel true a b\n@data\n"
        (tmp_path / f"{name}.ts").write_text(head + rows.replace("39:b", "x:b" if name == "test" else "39:b"))
    train, test = str(tmp_path / "train.ts"), str(tmp_path / "test.ts")
    assert judged(LabelledSeriesData(train), {"train": train, "test": None}) == "val"
    with pytest.raises(ValueError, match=r"test\.ts"):
        judged(LabelledSeriesData(train, test=test), {"train": train, "test": test})


def test_a_measure_that_the_test_has_not(compare: Comparing, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(Fake(), "--seeds", "1", "--measure", "perr:min") == 2
    assert "the test split has no 'perr'; it has error_rate, loss" in capsys.readouterr().err
    rest = Fake()
    assert compare(rest, "--seeds", "1", "--measure", "loss:min") == 0
    assert rest.count(" fit ") == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--seeds x", "invalid int value: 'x'; `seqtoolkit compare --help` explains the options"),
        ("--seeds 0", "--seeds 0: expected 1 or more"),
        ("--rate_share 0", "--rate_share 0: expected more than 0"),
        ("--rates 1,x", "expected learning rates such as"),
        ("--rates ,", "expected learning rates such as"),
        ("--max_time soon", "--max_time: 'soon' is no time; expected seconds"),
        ("--max_steps 0", "--max_steps 0: expected 1 or more"),
        ("--sequences 119", "--sequences 119: expected 120 or more"),
        ("--measure per", "expected a name and what is better, such as per:min"),
        ("--architectures ,", "names none; expected such as rnn,lstm"),
        ("--config gone.yaml", "gone.yaml: no such file; expected a configuration"),
        ("--model.arch lstm", "--model.arch is set by the comparison: use --architectures"),
        ("--model.d_model 8", "--model.d_model is set by the comparison: leave it out, the width follows"),
        ("--trainer.max_time=1", "--trainer.max_time is set by the comparison: use --max_time"),
        ("--modle.d 3", "unknown option '--modle.d'"),
        ("stray", "unknown option 'stray'"),
    ],
)
def test_bad_options(
    compare: Comparing, words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = Fake()
    assert compare(fake, *words.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert fake.commands == []


def test_the_least_sequences_are_those_that_decoding_needs() -> None:
    """So that no comparison trains for hours, and then lacks its horizons."""
    assert options.LEAST * decoding.TEST == statistics.LEAST
