"""Training throughput: `seqtoolkit fit` against a loop written by hand, same model, batches and precision.

Both train configs/g2p.yaml from the same seed, in one process and in turn; `fit` with its recorder and log, with and
without a progress bar. Steps are timed from one logged step to another, so starting up counts for neither. That both
reach the same loss shows that they did the same work.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import machine
import torch
import yaml
from torch import nn

from seqtoolkit.data.g2p import G2PData
from seqtoolkit.model import SequenceModel
from seqtoolkit.recorder import step_seed
from seqtoolkit.runs import read_metrics
from seqtoolkit.training_cli import main as seqtoolkit

CONFIG = Path(__file__).parent.parent / "configs" / "g2p.yaml"
EVERY, WARMUP = 10, 100  # steps: of the log, and of the schedule, as `fit` has them by default
HEAD = (
    "architecture",
    "by hand, steps/s",
    "fit",
    "fit / hand [min, max]",
    "with bar / hand [min, max]",
    "losses",
)


class Timed(NamedTuple):
    """Steps per second after the first logged step, and the loss of the last one."""

    speed: float
    loss: float


def main() -> None:
    """Measure the rivals in turn, and print medians."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    measured = {arch: [_turn(arch, options.steps) for _ in range(options.repeats)] for arch in options.arch}
    print(machine.markdown(HEAD, [_row(arch, turns) for arch, turns in measured.items()]))
    timed = f"{options.steps - EVERY} timed steps of {CONFIG.name}, float32, {options.repeats} repeats"
    print(f"\nMedians, ratios within a repeat; losses by hand / fit; {timed}; torch {torch.__version__}.")
    print(f"{machine.describe(options.threads)}.")


def _options() -> argparse.Namespace:
    parser = machine.parser(__doc__)
    parser.add_argument("--arch", nargs="+", default=machine.ARCHITECTURES, help="architectures to measure")
    parser.add_argument(
        "--steps", type=_tens, default=60, help=f"in each run; the first {EVERY} are not timed"
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def _tens(text: str) -> int:
    if (steps := int(text)) % EVERY or steps < 2 * EVERY:
        raise argparse.ArgumentTypeError(f"{steps} steps; expected {2 * EVERY}, {3 * EVERY}, ...")
    return steps


def _turn(arch: str, steps: int) -> tuple[Timed, Timed, Timed]:
    return by_hand(arch, steps), by_fit(arch, steps, bar=False), by_fit(arch, steps, bar=True)


def by_hand(arch: str, steps: int) -> Timed:
    """Train as anyone would write it, reading the loss as often as `fit` logs it."""
    config: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
    torch.manual_seed(0)
    data = G2PData(**config["data"]["init_args"])
    sizes = {name: data.spec[name] for name in ("vocab_size", "num_classes")}
    model = SequenceModel(**{**config["model"], **sizes, "arch": arch})
    optimizer = torch.optim.AdamW(model.parameters(), **config["optimizer"]["init_args"])
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: min((n + 1) / WARMUP, 1 - n / steps))
    logged = []
    for step, batch in enumerate(islice(data.train_dataloader(), steps), 1):
        torch.manual_seed(step_seed(0, step - 1))  # the dropout that `fit` draws
        scores = model(batch.inputs, mask=batch.mask)[0]
        loss = nn.functional.cross_entropy(scores, batch.targets[batch.mask])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
        if step % EVERY == 0:
            logged.append((time.perf_counter(), loss.item()))
    return Timed((steps - EVERY) / (logged[-1][0] - logged[0][0]), logged[-1][1])


def by_fit(arch: str, steps: int, bar: bool) -> Timed:
    """Train by the command, and read the times from the run's own log."""
    with tempfile.TemporaryDirectory() as folder:
        run, screen = Path(folder) / "run", Path(folder) / "screen"
        words = f"fit --config {CONFIG} --model.arch {arch} --run {run} --trainer.max_steps {steps}"
        words += " --trainer.limit_val_batches 0 --checkpoint.monitor null"
        words += f" --trainer.enable_progress_bar {str(bar).lower()}"
        with screen.open("w") as file, redirect_stdout(file), redirect_stderr(file):
            failed = seqtoolkit(words.split())
        if failed:
            raise SystemExit(screen.read_text())
        rows = [row for row in read_metrics(run) if "train/loss" in row]
    seconds = rows[-1]["time"] - rows[0]["time"]
    return Timed((rows[-1]["step"] - rows[0]["step"]) / seconds, rows[-1]["train/loss"])


def _row(arch: str, turns: list[tuple[Timed, Timed, Timed]]) -> tuple[str, ...]:
    speeds = [f"{median(turn[i].speed for turn in turns):.2f}" for i in (0, 1)]
    ratios = [sorted(turn[i].speed / turn[0].speed for turn in turns) for i in (1, 2)]
    shown = [f"{median(values):.3f} [{values[0]:.3f}, {values[-1]:.3f}]" for values in ratios]
    return arch, *speeds, *shown, f"{turns[0][0].loss:.4f} / {turns[0][1].loss:.4f}"


if __name__ == "__main__":
    main()
