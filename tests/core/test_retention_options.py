"""What is typed after `seqtoolkit retention`, as it is understood."""

from __future__ import annotations

import pytest

from seqtoolkit.retention_options import default_lags, parse, parse_lags
from seqtoolkit.retention_store import PROTOCOLS


def test_lags_as_they_are_typed() -> None:
    assert parse_lags("1,2, 4", 10) == (1, 2, 4)
    assert parse_lags("4,1:3,2", 10) == (1, 2, 3, 4)
    assert parse_lags("0:8:4", 10) == (0, 4, 8)
    assert default_lags(24) == (1, 2, 3, 4, 6, 8, 12)
    assert default_lags(1000)[-3:] == (64, 96, 128)
    assert default_lags(2) == (1,)
    assert parse(["x"]).lags == default_lags(256)


def test_as_many_sequences_as_were_asked_for() -> None:
    usual, asked = parse(["x"]), parse(["x", "--sequences", "1000"])
    assert {protocol: usual.count(protocol) for protocol in PROTOCOLS} == {
        "decoding": 512, "gradient": 256, "influence": 256, "recall": 512, "truncation": 256, "timescale": 256,
    }  # fmt: skip
    assert {asked.count(protocol) for protocol in PROTOCOLS} == {1000}


def test_the_help_says_what_lags_do_not_reach(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "recall is asked at the lags of its data, whatever is given here" in said
    assert "for truncation they are contexts, below --steps too, and longer ones need more --steps" in said
