"""Rows that come one by one: numbers and texts are read as in a file, and a mistake is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqtoolkit.data.recall import RecallData
from seqtoolkit.data.tabular.row_lines import RowLines
from tests.data.streams_made import predicted, rows, same, streamed, table, trained


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
    assert "row 4: column 'load' has '\u0663'; expected a number" in refused("a,2,\u0663,2,on")
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
    assert "a quotation ends on its line here: leave out --stream" in refused('a,2,1,2,"on', '"')
    assert "line 1 is no row of a CSV" in refused(head='machine,"time,load,heat,mode')
    assert "line 5: not UTF-8" in refused(raw=b"a,2,1,2,\xff\n")
    assert "has no column 'load', which --data.channels asks for" in refused(
        head="machine,time,lode,heat,mode"
    )
    assert "has two columns of the name 'load'" in refused(head="machine,time,load,load,mode")
    (tmp_path / "new.csv").write_bytes(b"PAR1\x15\x04\n\xff")
    with pytest.raises(
        ValueError, match="is a file of Parquet, and rows of a CSV are streamed; leave out --str"
    ):
        streamed(path, str(tmp_path / "new.csv"))
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


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_name_in_the_header_may_have_a_line_feed(end: str, tmp_path: Path) -> None:
    path = trained(tmp_path, "rnn", "regression")
    head = f'machine,time,load,heat,"mode{end}(of, running)",mode'
    lines = [head, "a,0,1,2,x,on", "a,1,5,3,y,off"]
    (tmp_path / "new.csv").write_bytes("".join(line + end for line in lines).encode())
    inputs = str(tmp_path / "new.csv")
    with RowLines(inputs) as found:
        assert found.names[4] == f"mode{end}(of, running)"
        assert [number for number, _ in found] == [1, 2]
    assert same([line for answer in streamed(path, inputs) for line in answer], predicted(path, inputs))


def test_texts_that_training_has_not_met_are_none_of_the_known_ones(tmp_path: Path) -> None:
    path = trained(tmp_path, "rnn", "regression", unseen="unknown")
    lines = rows([4], 0)
    lines[2][4] = "idle"
    inputs = table(tmp_path / "new.csv", lines)
    assert same([line for answer in streamed(path, inputs) for line in answer], predicted(path, inputs))


def test_data_that_has_no_rows_says_what_to_use() -> None:
    with pytest.raises(ValueError, match="RecallData answers each input as a whole: leave out --stream"):
        RecallData().stream(RowLines("-"))
