"""A model of a long table reads rows of the wide form as they come; lines of the long form are refused as such."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.stream import SeriesStream


def test_long_lines_are_refused_with_what_rows_look_like(tmp_path: Path) -> None:
    lines = [f"{step},{name},{step % 7}" for step in range(60) for name in ("heat", "load")]
    (tmp_path / "x.csv").write_text("time,name,value\n" + "\n".join(lines))
    data = SeriesData(str(tmp_path / "x.csv"), form="long", time="time", name="name", value="value")
    plan = data.fitted.plan
    with pytest.raises(
        ValueError, match=r"- has a line for each value .* wide form: .*, heat, load; leave out --s"
    ):
        SeriesStream("-", ["time", "name", "value"], plan, data.spec, 0)
    assert SeriesStream("-", ["time", "load", "heat"], plan, data.spec, 0)
