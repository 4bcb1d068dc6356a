"""Every column of a table has a name of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqtoolkit.cli import main
from seqtoolkit.data.tabular.source import open_table


@pytest.mark.parametrize(
    ("head", "place"), [(",time,load", "1 of 3"), ("time,,load", "2 of 3"), ('time,load," "', "3 of 3")]
)
def test_a_column_without_a_name_is_refused_with_its_place(head: str, place: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(head + "\n" + "".join(f"{n},{n},{n * n}\n" for n in range(9)))
    with pytest.raises(ValueError, match=rf"x\.csv: column {place} has no name in the first line") as error:
        open_table(str(path))
    assert "index=False" in str(error.value)


def test_init_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.csv").write_text(",load\n" + "".join(f"{n},{n * n}\n" for n in range(9)))
    assert main(["init", str(tmp_path / "x.csv"), "--out", str(tmp_path / "my.yaml")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "column 1 of 2 has no name" in line
