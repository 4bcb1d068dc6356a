"""Shakespeare, a character at a time: configs/shakespeare.yaml by three seeds, against n-grams of the same plays.

The ordinary commands `seqtoolkit fit` and `seqtoolkit test`, into RUNS/shakespeare-SEED; what is there is not done
again. Two measures: of the model as it was trained, and of one that goes on learning from each window of the plays
after it has predicted it (dynamic evaluation), at a rate that was chosen on the validation play. The n-grams go on
counting in the same way; the order of the best is chosen on the validation play. Then the first model shows where its
bits go, and goes on from two prompts.
Options that this script does not know go to `fit`, such as --trainer.max_steps 20.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import machine
import ngram
import numpy as np
import speakers
from single import minutes, seqtoolkit, trained

from seqtoolkit.data.shakespeare import ShakespeareData
from seqtoolkit.data.texts.language_quality import UNIGRAM
from seqtoolkit.quality import Quality
from seqtoolkit.runs import Run, read_probe, read_run

PROMPTS = ("PETRUCHIO.", "KATHERINA. I")
ORDERS = range(2, 10)
FROZEN, DYNAMIC = "bits_per_character", "dynamic_bits_per_character"
RATE = 0.0005  # of 0.0001, 0.0003, 0.0005 and 0.001 the best on the validation play
RECOUNTED = 2_000  # symbols after which an n-gram counts anew
HEAD = (
    "model",
    "parameters",
    "bits a character, frozen [95 %]",
    "goes on learning [95 %]",
    "minutes of training",
    "steps",
    "steps/s",
)


def main() -> None:
    """Train and test what is missing, then print the table and two samples."""
    parser = machine.parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="?", default=Path("runs"), help="folder of the runs")
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=(0, 1, 2), help="of weights, dropout and data"
    )
    parser.add_argument("--order", type=int, default=5, help="of the n-gram that is always printed")
    options, more = parser.parse_known_args()
    runs = [_tested(options.runs / f"shakespeare-{seed}", seed, more) for seed in options.seeds]
    data = ShakespeareData()
    rows = [*map(_row, runs), *_rivals(data, options.order, _quality(runs[0], FROZEN))]
    print(machine.markdown(HEAD, rows))
    means = (f"{_mean(runs, FROZEN)} frozen", f"{_mean(runs, DYNAMIC)} when it goes on learning")
    print(f"\nMean of {len(runs)} seeds, with its standard deviation, bits a character: {', '.join(means)}.")
    print(
        f"n = {data.spec['symbols']['test'] - 1:,} characters of two plays; intervals by bootstrap over windows."
    )
    print(f"Minutes of training from the first step to the last, with validation. {machine.describe()}.")
    print("\nWhat the first of them pays for the names of speakers, which no other play has:\n")
    best = runs[0].path / "checkpoints" / "best.ckpt"
    print(machine.markdown(speakers.HEAD, speakers.rows(best, data, RATE)))
    for prompt in PROMPTS:
        print(f"\n{_sampled(runs[0], prompt)}")


def _tested(path: Path, seed: int, more: list[str]) -> Run:
    """Train and test by one seed, each unless it was done, and read what was measured."""
    trained(path, "shakespeare", "--seed_everything", str(seed), "--data.seed", str(seed), *more)
    if f"test/{DYNAMIC}" not in read_run(path).metrics:
        began, best = time.perf_counter(), str(path / "checkpoints" / "best.ckpt")
        seqtoolkit("test", "--ckpt_path", best, "--data.dynamic_rate", str(RATE))
        print(f"{path}: tested in {time.perf_counter() - began:.0f} s", flush=True)
    return read_run(path)


def _quality(run: Run, measure: str) -> Quality:
    probe = read_probe(run.path, "best", "quality.json") or {}
    return next(Quality.from_dict(one) for one in probe["records"] if one["measure"] == measure)


def _row(run: Run) -> tuple[str, ...]:
    found = [_quality(run, measure) for measure in (FROZEN, DYNAMIC)]
    return (
        f"{run.arch}, seed {run.seed}",
        f"{run.parameters:,}",
        *(f"{one.estimate:.3f} [{one.lower:.3f}, {one.upper:.3f}]" for one in found),
        f"{minutes(run):.1f}",
        f"{run.step:,}",
        f"{run.metrics['train/steps_per_second']:.2f}",
    )


def _mean(runs: list[Run], measure: str) -> str:
    bits = [run.metrics[f"test/{measure}"] for run in runs]
    return f"{np.mean(bits):.3f}" + (f" ± {np.std(bits, ddof=1):.3f}" if len(bits) > 1 else "")


def _rivals(data: ShakespeareData, order: int, quality: Quality) -> list[tuple[str, ...]]:
    """Measure n-grams: the one that was asked for, and the best on validation; and name the unigram."""
    best = min(ORDERS, key=lambda n: _bits(data, "val", n, ngram.log2_probabilities))
    counting = partial(ngram.dynamic_log2_probabilities, every=RECOUNTED)
    rows = []
    for n in sorted({order, best}):
        name = f"{n}-gram, Kneser-Ney{' (best on validation)' if n == best else ''}"
        bits = [_bits(data, "test", n, chances) for chances in (ngram.log2_probabilities, counting)]
        rows.append((name, "", *(f"{one:.3f}" for one in bits), "", "", ""))
    return [*rows, (UNIGRAM, "", f"{quality.baseline_estimate or math.nan:.3f}", "", "", "", "")]


def _bits(data: ShakespeareData, split: str, order: int, chances: Callable[..., Any]) -> float:
    train, text = data.text("train").numpy(), data.text(split).numpy()
    return -float(chances(train, text, order, data.spec["vocab_size"]).mean())


def _sampled(run: Run, prompt: str) -> str:
    best = str(run.path / "checkpoints" / "best.ckpt")
    command = [sys.executable, "-m", "seqtoolkit", "predict", "--ckpt_path", best, "--data.inputs", "-"]
    how = ["--data.length", "300", "--data.temperature", "0.7", "--format", "jsonl"]
    done = subprocess.run([*command, *how], input=f"{prompt}\n", capture_output=True, text=True, check=True)
    row: dict[str, str] = json.loads(done.stdout)
    return row["prompt"] + row["continuation"]


if __name__ == "__main__":
    main()
