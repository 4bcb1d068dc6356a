"""What `seqtoolkit compare` can be asked. Imports no torch, so that a mistake is said at once."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtoolkit.compare.budget import Budget, seconds
from seqtoolkit.retention_options import Parser

LEAST = 120  # sequences: decoding tries its readouts on a quarter of them, and needs 30 for an interval

PASSED = ("data", "model", "trainer", "optimizer", "lr_scheduler", "checkpoint")  # sections of `fit`
TAKEN = {  # options of `fit` that the comparison sets itself
    "--model.arch": "use --architectures",
    "--model.encoder": "use --architectures (an encoder of the configuration varies with them)",
    "--model.d_model": "leave it out, the width follows from the parameters of the configuration's model",
    "--optimizer.lr": "use --rates",
    "--optimizer.init_args.lr": "use --rates",
    "--trainer.max_time": "use --max_time",
    "--trainer.max_steps": "use --max_steps",
}
FACTORS = (1 / 3, 3)  # of the configuration's learning rate: these are tried beside it


@dataclass(frozen=True)
class Options:
    """What is compared, and how."""

    config: Path
    words: tuple[str, ...]  # for every `fit`
    architectures: tuple[str, ...]
    seeds: int  # 0 to seeds - 1
    budget: Budget  # in the place of the configuration's; without limits: that one
    rates: tuple[float, ...] | None  # the grid; around the configuration's when null
    rate_share: float  # of the budget, for each rate of the grid
    out: Path
    jobs: int  # at a time
    threads: int  # of each
    measure: str | None  # NAME:min or NAME:max
    sequences: int  # for a horizon and the memory
    retry: bool
    json: bool


def parse(argv: list[str]) -> Options:
    """Read the words of the command line.

    Raises ValueError that says what was wrong, and what was expected.
    """
    known, words = _parser().parse_known_args(argv)
    found = vars(known)
    for name, least in (("seeds", 1), ("jobs", 1), ("threads", 1), ("max_steps", 1), ("sequences", LEAST)):
        if found[name] is not None and found[name] < least:
            raise ValueError(f"--{name} {found[name]}: expected {least} or more")
    if not 0 < found["rate_share"] <= 1:
        raise ValueError(f"--rate_share {found['rate_share']:g}: expected more than 0 and at most 1")
    if not found["config"].is_file():
        raise ValueError(
            f"{found['config']}: no such file; expected a configuration such as configs/g2p.yaml"
        )
    time = found.pop("max_time")
    found["budget"] = Budget(None if time is None else _time(time), found.pop("max_steps"))
    found["out"] = found["out"] or Path("runs") / f"compare-{found['config'].stem}"
    found["jobs"] = found["jobs"] or max(1, _cores() // found["threads"])
    found["architectures"] = _names(found["architectures"])
    found["rates"] = None if found["rates"] is None else _rates(found["rates"])
    _check_measure(found["measure"])
    return Options(words=_passed(words), **found)


def _cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _time(text: str) -> int:
    try:
        return seconds(text)
    except ValueError as error:
        raise ValueError(f"--max_time: {error}") from None


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise ValueError(f"--architectures {text!r} names none; expected such as rnn,lstm,gru,attention")
    return names


def _rates(text: str) -> tuple[float, ...]:
    try:
        rates = tuple(sorted({float(part) for part in text.split(",") if part.strip()}))
    except ValueError:
        rates = ()
    if not rates or not 0 < rates[0] <= rates[-1] < float("inf"):
        raise ValueError(f"--rates {text!r:.60}: expected learning rates such as 0.001,0.003,0.01")
    return rates


def _check_measure(text: str | None) -> None:
    if text is not None and (not text.partition(":")[0] or text.partition(":")[2] not in ("min", "max")):
        raise ValueError(
            f"--measure {text!r:.60}: expected a name and what is better, such as per:min or accuracy:max"
        )


def _passed(words: list[str]) -> tuple[str, ...]:
    """Check the words that are no options of ours: they are for `fit`, and begin with a section of it."""
    for before, word in zip(["", *words], words, strict=False):
        flag = word.partition("=")[0]
        if flag in TAKEN:
            raise ValueError(f"{flag} is set by the comparison: {TAKEN[flag]}")
        value = not word.startswith("--") and before.startswith("--") and "=" not in before
        if not value and flag.partition(".")[0].removeprefix("--") not in PASSED:
            raise ValueError(
                f"unknown option {word!r:.60}; `seqtoolkit compare --help` explains the options, and those of `fit`"
                f" that begin with {', '.join(f'--{name}.' for name in PASSED)} are passed on"
            )
    return tuple(words)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="seqtoolkit compare",
        allow_abbrev=False,
        description="Train several architectures on the data of a configuration, with the same budget and as many"
        " parameters, and say which to use. Options of `fit` (--data.file X, ...) are passed on to every training.",
    )
    add: Any = parser.add_argument
    add("--config", type=Path, required=True, help="of the data, the model and the training")
    add("--architectures", required=True, metavar="A,B,...", help="such as rnn,lstm,gru,attention")
    add("--seeds", type=int, default=3, help="trainings of each architecture (3)")
    add("--max_time", help="of a training: seconds or DD:HH:MM:SS (default: what the configuration says)")
    add("--max_steps", type=int, help="of a training (default: what the configuration says)")
    add(
        "--rates",
        metavar="R,S,...",
        help="learning rates to choose from (a third of, once and 3 times the configuration's)",
    )
    add("--rate_share", type=float, default=0.3, help="part of the budget in which a rate is tried (0.3)")
    add("--out", type=Path, help="folder of the comparison (runs/compare-CONFIG)")
    add("--jobs", type=int, help="trainings at a time (the cores of the machine over --threads)")
    add("--threads", type=int, default=1, help="of each training (1)")
    add("--measure", metavar="NAME:min|max", help="what the test is judged by (default: the task's own)")
    add(
        "--sequences",
        type=int,
        default=256,
        help="for the horizon, and the memory need of the data (256; 120 or more)",
    )
    add("--retry", action="store_true", help="train and measure again what has failed")
    add("--json", action="store_true", help="print compare.json instead of the table")
    return parser
