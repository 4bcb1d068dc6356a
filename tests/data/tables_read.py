"""Small tables of machines, written and read, for the tests of what reads tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.columns import choose
from seqtoolkit.data.tabular.prepare import Read, read
from seqtoolkit.data.tabular.source import open_table

HEAD = "machine,time,load,heat\n"
ROWS = [
    f"{name},{step},{step % 7 + number},{(step * step) % 5}"
    for number, name in enumerate("ab")
    for step in range(20)
]


def csv(folder: Path, rows: list[str] = ROWS, head: str = HEAD, name: str = "table.csv") -> str:
    path = folder / name
    path.write_text(head + "".join(f"{row}\n" for row in rows))
    return str(path)


def series(path: str, **options: Any) -> SeriesData:
    return SeriesData(
        path, **{"time": "time", "group": "machine", "split": "group", "shares": (1, 1, 0), **options}
    )


def found(path: str, form: Any = "wide", gaps: Any = "ignore", task: Any = "forecast", **names: Any) -> Read:
    file = open_table(path)
    given: dict[str, Any] = {"name": "name", "value": "value", "time_format": None, "targets": None}
    given |= {"channels": None, "categorical": []}
    return read(
        file, choose(file, task, form, **{"time": "time", "group": "machine", **given, **names}), gaps
    )


def truth(read: Read) -> np.ndarray:
    return read.table.values + read.table.origin
