"""Rows that come one by one: answered as `predict` answers a file of them, each as soon as it is there."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit import plugins
from seqtoolkit.checkpoint import BLOCK, load
from seqtoolkit.cli import main
from seqtoolkit.data.recall import RecallData
from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.row_lines import RowLines
from seqtoolkit.described import describe
from seqtoolkit.mixer import state_bytes
from seqtoolkit.model import SequenceModel
from seqtoolkit.streaming import answered

TASKS: dict[str, dict[str, Any]] = {
    "forecast": {"horizon": 2, "targets": ["heat"], "quantiles": [0.1, 0.5, 0.9]},
    "next": {},
    "regression": {"targets": ["wear"]},
    "classification": {"targets": ["state"], "at": "step"},
    "ends": {"task": "classification", "targets": ["state"], "at": "end"},
}
COLUMNS = ["machine", "time", "load", "heat", "mode", "wear", "state"]
Table = list[list[str]]


def rows(sizes: list[int], seed: int, missing: float = 0.0) -> Table:
    """Draw the rows of some machines; the machines take turns."""
    random = np.random.default_rng(seed)
    found = []
    for machine, size in enumerate(sizes):
        for step in range(size):
            cells = [f"{value:.3f}" for value in random.normal(50, 9, 3)] + [
                str(random.choice(["on", "off"]))
            ]
            load, heat, wear, mode = ("" if random.random() < missing else cell for cell in cells)
            state = random.choice(["good", "bad"])
            found.append([f"m{machine}", str(step), load, heat, mode, wear, str(state)])
    return [found[place] for place in np.argsort([int(row[1]) for row in found], kind="stable")]


def table(path: Path, lines: Table, columns: list[str] = COLUMNS) -> str:
    places = [COLUMNS.index(name) for name in columns]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *([line[place] for place in places] for line in lines)])
    return str(path)


def trained(folder: Path, arch: str, task: str, lines: Table | None = None, **options: Any) -> str:
    """Save a checkpoint as training would, with the weights that it begins with."""
    given = {"task": task, "time": "time", "group": "machine", "channels": ["load", "heat"], "split": "group"}
    given |= {"categorical": ["mode"], "shares": (1, 1, 0), **TASKS[task], **options}
    lines = lines or rows([30, 30, 30], 0, 0.2 if options.get("missing") else 0.0)
    spec = SeriesData(table(folder / "train.csv", lines), **given).spec
    torch.manual_seed(0)
    shape = {"d_model": 8, "num_layers": 2, "block": "residual", "mlp_ratio": 0.0, "dropout": 0.1}
    block = describe({"arch": arch, **shape}, spec)
    weights = {f"model.{name}": value for name, value in block.build().state_dict().items()}
    torch.save({BLOCK: block.to_dict(), "state_dict": weights, "global_step": 3}, folder / "best.ckpt")
    return str(folder / "best.ckpt")


def opened(path: str, inputs: str, **options: Any) -> tuple[SeriesData, SequenceModel]:
    model = load(path).model
    assert isinstance(model, SequenceModel)
    return SeriesData(spec_of=path, inputs=inputs, **options), model


@torch.inference_mode()
def predicted(path: str, inputs: str, **options: Any) -> list[dict[str, Any]]:
    """Answer a file as `predict` does."""
    data, model = opened(path, inputs, **options)
    found = [answer for batch in data.predict_dataloader() for answer in data.predictions(model, batch)]
    return [line for _, line in sorted(found, key=lambda answer: answer[0])]


def streamed(path: str, inputs: str, **options: Any) -> list[list[dict[str, Any]]]:
    """Answer the rows of a file one by one."""
    data, model = opened(path, inputs, **options)
    with RowLines(inputs) as lines:
        return list(answered(model, data.stream(lines), lines))


def same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Say whether lines are the same, but for rounding."""
    pairs = [(a[name], b[name]) for a, b in zip(one, other, strict=True) for name in a]
    return all(
        a == b if isinstance(a, str) else a == pytest.approx(b, rel=1e-4, abs=1e-4) for a, b in pairs
    ) and [list(line) for line in one] == [list(line) for line in other]


@pytest.mark.parametrize("arch", plugins.architectures())
@pytest.mark.parametrize("task", TASKS)
def test_rows_are_answered_as_predict_answers_them(tmp_path: Path, arch: str, task: str) -> None:
    window = {"window": None if task == "ends" else 8}
    path = trained(tmp_path, arch, task, missing="mask", **window)
    lines = rows([7, 8, 3], 1, 0.2)
    inputs = table(tmp_path / "new.csv", lines, ["heat", "mode", "machine", "load", "time"])
    found = streamed(path, inputs, history=2)
    assert len(found) == len(lines)
    groups: dict[str, list[list[dict[str, Any]]]] = {}
    for line, answer in zip(lines, found, strict=True):
        groups.setdefault(line[0], []).append(answer)
    expected = predicted(path, inputs, history=2)
    if task in ("regression", "classification"):
        assert same([line for group in groups.values() for some in group for line in some], expected)
    else:
        assert same([line for group in groups.values() for line in group[-1]], expected)
        some = table(tmp_path / "some.csv", lines[:9], COLUMNS[:5])  # as far as it was known then
        last = {line[0]: answer for line, answer in zip(lines[:9], found[:9], strict=True)}
        assert same([line for answer in last.values() for line in answer], predicted(path, some, history=2))


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=3)


@given(
    SIZES,
    st.integers(2, 12),
    st.integers(0, 11),
    st.sampled_from(["error", "forward", "mask"]),
    st.integers(0, 9),
)
@settings(max_examples=6)
def test_however_long_a_group_is_each_step_is_answered_from_the_same_rows(
    tmp_path_factory: Any, sizes: list[int], window: int, history: int, missing: Any, seed: int
) -> None:
    folder, history = tmp_path_factory.mktemp("stream"), min(history, window - 1)
    share = 0.0 if missing == "error" else 0.3
    path = trained(folder, "gru", "regression", rows([30, 30], seed, share), missing=missing, window=window)
    inputs = table(folder / "new.csv", rows(sizes, seed, share))
    found = [line for answer in streamed(path, inputs, history=history) for line in answer]
    found.sort(key=lambda line: line["machine"])
    assert same(found, predicted(path, inputs, history=history))


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 9))
@settings(max_examples=6)
def test_a_gap_ends_what_is_remembered(tmp_path_factory: Any, jumps: list[bool], seed: int) -> None:
    folder = tmp_path_factory.mktemp("gaps")
    path = trained(folder, "lstm", "regression", rows([30, 30], 0, 0.3), missing="mask", gaps="split")
    lines, time = rows([len(jumps)], seed, 0.4), 0
    for line, jump in zip(lines, jumps, strict=True):
        time += 3 if jump else 1
        line[1] = str(time)
    inputs = table(folder / "new.csv", lines)
    assert same([line for answer in streamed(path, inputs) for line in answer], predicted(path, inputs))


def test_dates_without_groups_and_rows_without_times(tmp_path: Path) -> None:
    lines = rows([40], 0)
    for line in lines:
        line[1] = f"2026-01-01T{int(line[1]) // 4:02}:{int(line[1]) % 4 * 15:02}"
    some: dict[str, Any] = {"group": None, "split": "time"}
    path = trained(tmp_path, "rnn", "forecast", lines, **some)
    inputs = table(tmp_path / "new.csv", lines[:6])
    found = streamed(path, inputs)
    assert [line["time"] for line in found[-1]] == ["2026-01-01T01:30", "2026-01-01T01:45"]
    assert same(found[-1], predicted(path, inputs))
    path = trained(tmp_path, "rnn", "regression", lines, time=None, **some)
    found = streamed(path, inputs)
    assert [line["row"] for answer in found for line in answer] == [1, 2, 3, 4, 5, 6]
    assert same([line for answer in found for line in answer], predicted(path, inputs))


def test_a_mistake_is_one_error_that_says_where(tmp_path: Path) -> None:
    path = trained(tmp_path, "rnn", "regression")
    head, good = "machine,time,load,heat,mode", ["a,0,1,2,on", "b,0,1,2,on", "a,1,1,2,off"]

    def refused(*lines: str, head: str = head, raw: bytes = b"") -> str:
        (tmp_path / "new.csv").write_bytes("\n".join([head, *good, *lines, ""]).encode() + raw)
        with pytest.raises(ValueError, match=r"new\.csv") as error:
            streamed(path, str(tmp_path / "new.csv"))
        return str(error.value)

    assert "row 4: column 'load' has 'warm'; expected a number" in refused("a,2,warm,2,on")
    assert "row 4: column 'load' has '1_0'; expected a number" in refused("a,2,1_0,2,on")
    assert "row 4: column 'heat' is infinite" in refused("a,2,1,-inf,on")
    assert "row 4: column 'heat' has 1e+99, too large" in refused("a,2,1,1e99,on")
    assert "row 4: channel 'heat' has no value" in refused("a,2,1,NA,on")
    assert "row 4: column 'mode' is empty" in refused("a,2,1,2,")
    assert "row 4: column 'mode' has 'idle', which is not in the training rows" in refused("a,2,1,2,idle")
    assert "row 4: column 'machine' is empty" in refused(",2,1,2,on")
    assert "row 4: the time column 'time' is empty" in refused("a,,1,2,on")
    assert "row 4: the time column 'time' has 'noon'" in refused("a,noon,1,2,on")
    assert "row 4: time 1 stands twice (also in row 3)" in refused("a,1,1,2,on")
    assert "row 4: time 0 comes after 1" in refused("a,0,1,2,on")
    assert "row 4: 9 comes 8 steps after 1" in refused("a,9,1,2,on")
    assert "line 5 has 4 cells; expected 5, as many as the header" in refused("a,2,1,2")
    assert "line 5 has 6 cells" in refused("a,2,1,2,on,3")
    assert "line 5 is no row of a CSV" in refused('a,2,1,2,"on')
    assert "line 5: not UTF-8" in refused(raw=b"a,2,1,2,\xff\n")
    assert "has no column 'load', which --data.channels asks for" in refused(
        head="machine,time,lode,heat,mode"
    )
    assert "has two columns of the name 'load'" in refused(head="machine,time,load,load,mode")
    (tmp_path / "new.csv").write_bytes(b"")
    with pytest.raises(ValueError, match="has no header; expected a CSV whose first line names its columns"):
        streamed(path, str(tmp_path / "new.csv"))
    with pytest.raises(ValueError, match=r"cannot read .*nothing\.csv: No such file"):
        streamed(path, str(tmp_path / "nothing.csv"))


def test_numbers_are_read_as_in_a_file(tmp_path: Path) -> None:
    path = trained(tmp_path, "rnn", "regression")
    texts = ["+1", "-.5", "1e1", " 7", "3."]
    lines = "".join(f"a;{step};{text};2;on\r\n" for step, text in enumerate(texts))
    (tmp_path / "new.csv").write_bytes(f'\ufeffmachine;time;"load";heat;mode\r\n{lines}'.encode())
    inputs = str(tmp_path / "new.csv")
    assert same([line for answer in streamed(path, inputs) for line in answer], predicted(path, inputs))


def test_texts_that_training_has_not_met_are_none_of_the_known_ones(tmp_path: Path) -> None:
    path = trained(tmp_path, "rnn", "regression", unseen="unknown")
    lines = rows([4], 0)
    lines[2][4] = "idle"
    inputs = table(tmp_path / "new.csv", lines)
    assert same([line for answer in streamed(path, inputs) for line in answer], predicted(path, inputs))


def test_what_is_kept_of_a_group_does_not_grow(tmp_path: Path) -> None:
    path = trained(tmp_path, "attention", "next", window=8)
    inputs = table(tmp_path / "new.csv", rows([100], 0))
    data, model = opened(path, inputs)
    sizes, state = list[int](), None
    with RowLines(inputs) as lines:
        stream = data.stream(lines)
        for number, cells in lines:
            read = stream.read(number, cells)
            _, state = model.advance(read.inputs, None if read.anew else state)
            sizes.append(state_bytes(state))
    assert max(sizes) == max(sizes[:8])


class Typed:
    """Stands for standard input: says how many lines were answered before each of its own was asked for."""

    def __init__(self, text: str, seen: Any, error: type[BaseException] | None = None) -> None:
        self.lines, self.seen, self.error = text.encode().splitlines(keepends=True), seen, error
        self.buffer, self.answered = self, list[int]()

    def read1(self, size: int) -> bytes:
        self.answered.append(self.seen())
        if not self.lines and self.error is not None:
            raise self.error
        return self.lines.pop(0) if self.lines else b""


def typed(path: str, lines: int) -> str:
    table(Path(path).parent / "typed.csv", rows([lines], 2), COLUMNS[:5])
    return (Path(path).parent / "typed.csv").read_text()


def test_each_row_is_answered_before_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path, out = trained(tmp_path, "gru", "classification"), list[bytes]()

    def seen() -> int:
        out.append(capfdbinary.readouterr().out)
        return b"".join(out).count(b"\n")

    stdin = Typed(typed(path, 4), seen)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["predict", "--data", "SeriesData", "--ckpt_path", path, "--stream"]) == 0
    assert stdin.answered == [0, 0, 2, 3, 4, 5]  # a line names the columns; the last is the end
    assert b"".join(out).splitlines()[0] == b"machine\ttime\tstate\tprobability"


def test_an_interruption_ends_it_quietly_and_keeps_what_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path, file = trained(tmp_path, "gru", "classification"), tmp_path / "out.jsonl"
    stdin = Typed(
        typed(path, 3), lambda: len(file.read_text().splitlines()) if file.exists() else 0, KeyboardInterrupt
    )
    monkeypatch.setattr(sys, "stdin", stdin)
    words = ["--output", str(file), "--format", "jsonl"]
    assert main(["predict", "--data", "SeriesData", "--ckpt_path", path, "--stream", *words]) == 130
    assert stdin.answered == [0, 0, 1, 2, 3]
    assert [json.loads(line)["time"] for line in file.read_text().splitlines()] == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_a_reader_who_leaves_ends_it_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = trained(tmp_path, "gru", "classification")
    read, write = os.pipe()
    os.close(read)
    stdin = Typed(typed(path, 3), int)
    monkeypatch.setattr(sys, "stdin", stdin)
    file = os.fdopen(write, "w")
    monkeypatch.setattr(sys, "stdout", file)
    with file, pytest.raises(SystemExit) as end:
        main(["predict", "--data", "SeriesData", "--ckpt_path", path, "--stream"])
    assert end.value.code == 0
    assert len(stdin.lines) == 2  # the first answer found nobody


def test_data_that_has_no_rows_says_what_to_use() -> None:
    with pytest.raises(ValueError, match="RecallData answers each input as a whole: leave out --stream"):
        RecallData().stream(RowLines("-"))
