"""What `seqtoolkit retention` can be asked. Imports no torch, so that a mistake is said at once."""

from __future__ import annotations

import argparse
import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from seqtoolkit.retention_store import PROTOCOLS

LONGEST = 128  # lag, when none is given
SEQUENCES = 512  # for each measurement
COSTLY = ("gradient", "influence", "truncation", "timescale")  # in time or memory
FEWER = 256
_RANGE = re.compile(r"(\d+):(\d+)(?::(\d+))?")


@dataclass(frozen=True)
class Options:
    """What is measured, and how."""

    paths: tuple[Path, ...]  # of runs or checkpoints
    protocols: tuple[str, ...]
    explicit: bool  # whether the protocols were named: then one that cannot be measured is an error
    lags: tuple[int, ...]
    sequences: int | None
    steps: int
    seeds: int
    part: str | None
    split: str
    twin: bool
    again: bool
    device: str | None
    json: bool
    progress: str

    def count(self, protocol: str) -> int:
        """Return how many sequences a protocol measures: as many as were asked for, or else its own default."""
        return self.sequences or (FEWER if protocol in COSTLY else SEQUENCES)


class Parser(argparse.ArgumentParser):
    """argparse, with an error in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise ValueError with what was wrong, and where the options are explained."""
        raise ValueError(f"{message}; `{self.prog} --help` explains the options")


def parse(argv: list[str]) -> Options:
    """Read the words of the command line.

    Raises ValueError that says what was wrong, and what was expected.
    """
    found = vars(_parser().parse_args(argv))
    for name, least in (("sequences", 1), ("steps", 2), ("seeds", 1)):
        if found[name] is not None and found[name] < least:
            raise ValueError(f"--{name} {found[name]}: expected {least} or more")
    lags = found.pop("lags")
    found["lags"] = default_lags(found["steps"]) if lags is None else parse_lags(lags, found["steps"])
    named = found.pop("protocols")
    found |= {"protocols": parse_protocols(named), "explicit": named is not None}
    return Options(paths=tuple(found.pop("paths")), twin=not found.pop("no_twin"), **found)


def parse_protocols(text: str | None) -> tuple[str, ...]:
    """Read names separated by commas; all of them when null.

    Raises ValueError for a name that is none, with the one that was perhaps meant.
    """
    names = PROTOCOLS if text is None else tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names or ("",):
        if name not in PROTOCOLS:
            close = difflib.get_close_matches(name, PROTOCOLS, n=1)
            hint = f": did you mean {close[0]!r}?" if close else ";"
            raise ValueError(f"unknown protocol {name!r}{hint} the protocols are {', '.join(PROTOCOLS)}")
    return tuple(name for name in PROTOCOLS if name in names)


def parse_lags(text: str, steps: int) -> tuple[int, ...]:
    """Read "1,2,4", "1:128" (both ends included) or "0:128:4"; ascending, each once.

    Raises ValueError for what is no lag, and for lags beyond sequences of `steps`.
    """
    lags: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match:
            first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
            lags |= set(range(first, min(last, first + 1_000_000) + 1, max(1, step)))
        elif part.strip().isascii() and part.strip().isdigit():
            lags.add(int(part))
        else:
            raise ValueError(f"--lags {text!r:.60}: expected such as 1,2,4,8 or 1:128, found {part!r:.20}")
    if not lags:
        raise ValueError(f"--lags {text!r:.60} names no lag; expected such as 1,2,4,8 or 1:128")
    if max(lags) >= steps:
        raise ValueError(
            f"--lags: lag {max(lags)} lies beyond sequences of {steps} steps; use lags up to {steps - 1},"
            f" or --steps {max(lags) + 1} or more"
        )
    return tuple(sorted(lags))


def default_lags(steps: int) -> tuple[int, ...]:
    """Return 1, 2, 3, 4, 6, 8, 12, ... up to half of the sequence, at most 128."""
    longest = max(1, min(LONGEST, steps // 2))
    powers = [2**exponent for exponent in range(longest.bit_length())]
    return tuple(sorted({lag for power in powers for lag in (power, power * 3 // 2) if lag <= longest}))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="seqtoolkit retention",
        description="Measure how far back checkpoints remember, store the curves beside them, and print the horizons.",
    )
    add: Any = parser.add_argument
    add(
        "paths",
        type=Path,
        nargs="+",
        metavar="RUN_OR_CHECKPOINT",
        help="run folders (best.ckpt) or checkpoints",
    )
    add("--protocols", help=f"some of {','.join(PROTOCOLS)} (default: all that this checkpoint allows)")
    add(
        "--lags",
        help="1,2,4,8 or 1:128, all below --steps (default: 1,2,3,4,6,8,12,... up to half of --steps, at most 128);"
        " for truncation they are contexts, below --steps too, and longer ones need more --steps; recall is asked at"
        " the lags of its data, whatever is given here",
    )
    add(
        "--sequences",
        type=int,
        help=f"independent sequences for each measurement ({SEQUENCES}; {FEWER} for {', '.join(COSTLY)})",
    )
    add(
        "--steps",
        type=int,
        default=256,
        help="steps of the sequences that are drawn; every lag, and every context of truncation, is shorter (256)",
    )
    add("--seeds", type=int, default=3, help="repetitions, each with its own inputs and untrained twin (3)")
    add(
        "--part",
        choices=("model", "encoder", "decoder"),
        help="of an encoder-decoder: decoder (default) or encoder",
    )
    _add_ways(add)
    return parser


def _add_ways(add: Any) -> None:
    """Add the options that say how it is measured and told, not what."""
    add(
        "--split",
        choices=("test", "val"),
        default="test",
        help="of the run's data, for recall and truncation (test)",
    )
    add("--no_twin", action="store_true", help="leave out the untrained twin")
    add(
        "--again",
        action="store_true",
        help="measure anew what is stored already, even if nothing has changed",
    )
    add("--device", help="such as cpu or cuda:0 (default: cuda where there is one)")
    add("--json", action="store_true", help="print all records as one JSON document")
    add(
        "--progress",
        choices=("bar", "lines", "none"),
        default="bar",
        help="on standard error; lines are JSON (bar)",
    )
