"""Rows that come one by one are answered as `predict` answers them in a file, with no more than a model remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit import plugins
from seqtoolkit.data.tabular.row_lines import RowLines
from seqtoolkit.mixer import state_bytes
from tests.data.streams_made import COLUMNS, TASKS, opened, predicted, rows, same, streamed, table, trained


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
