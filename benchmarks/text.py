"""Shakespeare, a character at a time: configs/shakespeare.yaml by three seeds, against n-grams of the same plays.

The ordinary commands `seqtoolkit fit` and `seqtoolkit test`, into RUNS/shakespeare-SEED; what is there is not done
again. The order of the best n-gram is chosen on the validation play. Then the first model shows where its bits go, and
goes on from two prompts.
Options that this script does not know go to `fit`, such as --trainer.max_steps 20.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

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
MEASURE = "bits_per_character"
HEAD = (
    "model",
    "parameters",
    "bits a character [95 %]",
    "next character right",
    "minutes",
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
    rows = [*map(_row, runs), *_rivals(data, options.order, _quality(runs[0]))]
    print(machine.markdown(HEAD, rows))
    bits = [run.metrics[f"test/{MEASURE}"] for run in runs]
    spread = f" ± {np.std(bits, ddof=1):.3f} (standard deviation)" if len(bits) > 1 else ""
    print(f"\nMean of {len(bits)} seeds: {np.mean(bits):.3f}{spread} bits a character.")
    print(
        f"n = {data.spec['symbols']['test'] - 1:,} characters of two plays; intervals by bootstrap over windows."
    )
    print(f"Minutes from the first step to the last, with validation. {machine.describe()}.")
    print("\nWhat the first of them pays for the names of speakers, which no other play has:\n")
    print(machine.markdown(speakers.HEAD, speakers.rows(runs[0].path / "checkpoints" / "best.ckpt", data)))
    for prompt in PROMPTS:
        print(f"\n{_sampled(runs[0], prompt)}")


def _tested(path: Path, seed: int, more: list[str]) -> Run:
    """Train and test by one seed, each unless it was done, and read what was measured."""
    trained(path, "shakespeare", "--seed_everything", str(seed), "--data.seed", str(seed), *more)
    if f"test/{MEASURE}" not in read_run(path).metrics:
        seqtoolkit("test", "--ckpt_path", str(path / "checkpoints" / "best.ckpt"))
    return read_run(path)


def _quality(run: Run) -> Quality:
    probe = read_probe(run.path, "best", "quality.json") or {}
    return next(Quality.from_dict(one) for one in probe["records"] if one["measure"] == MEASURE)


def _row(run: Run) -> tuple[str, ...]:
    found = _quality(run)
    return (
        f"{run.arch}, seed {run.seed}",
        f"{run.parameters:,}",
        f"{found.estimate:.3f} [{found.lower:.3f}, {found.upper:.3f}]",
        f"{run.metrics['test/token_accuracy']:.1%}",
        f"{minutes(run):.1f}",
        f"{run.step:,}",
        f"{run.metrics['train/steps_per_second']:.2f}",
    )


def _rivals(data: ShakespeareData, order: int, quality: Quality) -> list[tuple[str, ...]]:
    """Measure n-grams: the one that was asked for, and the best on validation; and name the unigram."""
    best = min(ORDERS, key=lambda n: _bits(data, "val", n))
    rows = [
        (f"{n}-gram, Kneser-Ney{' (best on validation)' if n == best else ''}", _bits(data, "test", n))
        for n in sorted({order, best})
    ]
    named = [*rows, (UNIGRAM, quality.baseline_estimate or math.nan)]
    return [(name, "", f"{bits:.3f}", "", "", "", "") for name, bits in named]


def _bits(data: ShakespeareData, split: str, order: int) -> float:
    train, text = data.text("train").numpy(), data.text(split).numpy()
    return -float(ngram.log2_probabilities(train, text, order, data.spec["vocab_size"]).mean())


def _sampled(run: Run, prompt: str) -> str:
    best = str(run.path / "checkpoints" / "best.ckpt")
    command = [sys.executable, "-m", "seqtoolkit", "predict", "--ckpt_path", best, "--data.inputs", "-"]
    how = ["--data.length", "300", "--data.temperature", "0.7", "--format", "jsonl"]
    done = subprocess.run([*command, *how], input=f"{prompt}\n", capture_output=True, text=True, check=True)
    row: dict[str, str] = json.loads(done.stdout)
    return row["prompt"] + row["continuation"]


if __name__ == "__main__":
    main()
