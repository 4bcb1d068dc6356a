"""Fields of the Memory page are options of the command, and wrong ones are one error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from seqtoolkit_dashboard.pages import asked

from seqtoolkit.retention_options import parse

FILE = Path("/r/best.ckpt")
HELD = {"part": None, "lags": "", "steps": 256, "seeds": 3, "split": "test", "protocols": ""}


def test_fields_are_options_and_empty_ones_are_left_to_the_command() -> None:
    assert asked.words(FILE, {**HELD, "steps": "", "seeds": None}) == ["--split=test"]
    held = {**HELD, "part": "encoder", "lags": " 1,2 ", "protocols": "decoding,gradient"}
    options = parse([str(FILE), *asked.words(FILE, held)])
    assert (options.part, options.lags, options.protocols) == ("encoder", (1, 2), ("decoding", "gradient"))
    assert (options.steps, options.seeds, options.split) == (256, 3, "test")


def test_what_the_fields_begin_with_is_what_the_command_does_without_them() -> None:
    options = parse([str(FILE)])
    assert (options.steps, options.seeds, options.split) == (asked.STEPS, asked.SEEDS, "test")


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"lags": "1,x"}, "expected such as 1,2,4,8 or 1:128, found 'x'"),
        ({"lags": "1,300"}, "lag 300 lies beyond sequences of 256 steps; use lags up to 255, or --steps 301"),
        ({"lags": "--json"}, "expected such as"),
        ({"steps": 1}, "--steps 1: expected 2 or more"),
        ({"seeds": 0}, "--seeds 0: expected 1 or more"),
        ({"seeds": 1000}, "--seeds 1000: this page measures up to 20; for more, type: seqtoolkit retention RUN"),
        ({"seeds": "1.5"}, "invalid int value: '1.5'"),
        ({"steps": 10**9}, "--steps 1000000000: this page measures up to 16,384"),
        ({"split": "train"}, "invalid choice: 'train'"),
        ({"part": {}}, "invalid choice"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_is_one_error(held: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        asked.words(FILE, {**HELD, **held})
    assert "\n" not in str(caught.value)
