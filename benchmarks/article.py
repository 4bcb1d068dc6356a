"""The article as a study: who forgets after how many steps, what it costs, and whether the map tells the truth.

`make article` trains RNN, LSTM, GRU and attention on recall at several lengths and on words to phonemes, from several
seeds, two models at a time, each on one core; measures them all; and writes one HTML page that needs nothing else. What
is there already is used again, so it may be interrupted. The sentences of the page follow from the numbers by rules.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import machine
import torch
from article_cost import costs
from article_honesty import honesty
from article_page import page
from article_report import answers
from article_runs import PER_LAG, TASKS, Plan, measure, measure_words, read_g2p, read_recall
from article_study import Study
from jobs import run_all

from seqtoolkit.retention.alignment_record import AlignmentRecord

COSTS = (64, 128, 256, 512, 1024, 2048, 4096)


def main() -> int:
    """Train and measure what is missing, then write the page."""
    options = _options()
    began = time.perf_counter()
    plan = Plan(
        options.runs,
        options.architectures,
        options.lengths,
        options.seeds,
        options.rates,
        options.steps,
        options.tasks,
    )
    failures = plan.train()
    failures += run_all(plan.probed(), measure)
    failures += run_all(plan.pronounces().values(), measure_words)
    study = Study(
        plan,
        read_recall(plan),
        read_g2p(plan),
        costs(plan.architectures, options.cost_lengths, options.repeats, plan.runs / "costs.json"),
        _honesty(plan, options.words, failures),
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page(_TITLE, _lead(plan), answers(study), _methods(plan, failures)))
    for message in failures:
        print(message, file=sys.stderr)
    print(
        f"{options.out}: written after {time.perf_counter() - began:.0f} s; `seqtoolkit dashboard {plan.runs}`"
    )
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = machine.parser(__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/article"), help="folder of the runs")
    parser.add_argument("--out", type=Path, default=Path("runs/article.html"), help="the page")
    parser.add_argument("--architectures", nargs="+", default=machine.ARCHITECTURES)
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument(
        "--lengths", type=int, nargs="+", default=(32, 96, 256), help="longest lags in training"
    )
    parser.add_argument("--seeds", type=int, default=3, help="of weights and data, from 0")
    parser.add_argument(
        "--rates", type=float, nargs="+", default=(0.03, 0.01, 0.003), help="learning rates to choose from"
    )
    parser.add_argument("--steps", type=int, default=1000, help="of the longest training")
    parser.add_argument("--words", type=int, default=200, help="test words for the faithfulness of maps")
    parser.add_argument("--cost-lengths", type=int, nargs="+", default=COSTS, help="T of time and memory")
    parser.add_argument("--repeats", type=int, default=5, help="of each time")
    return parser.parse_args()


def _honesty(plan: Plan, words: int, failures: list[str]) -> dict[int, list[AlignmentRecord]]:
    """Measure the maps of the models that pronounce words by attention, by seed; say what went wrong."""
    found = {}
    for (arch, seed), job in plan.pronounces().items():
        if arch == "attention" and job.best.exists():
            try:
                found[seed] = honesty(job.path, words)
            except (OSError, ValueError) as error:
                failures.append(f"{job.path}: its map: {error}")
    return found


_TITLE = "How far back do they remember? The article, measured"


def _lead(plan: Plan) -> str:
    told = {"recall": f"recall at lags up to {', '.join(map(str, plan.lengths))}", "g2p": "words to phonemes"}
    tasks = " and ".join(told[task] for task in plan.tasks)
    archs = ", ".join(plan.architectures)
    return f"{archs}: {plan.counted}, {tasks}. Where the measurement contradicts the article, it says so."


def _methods(plan: Plan, failures: list[str]) -> list[str]:
    grid = [f"{arch}, lags up to {length}: {plan.rate(arch, length):g}" for arch, length in plan.cases]
    return [
        f"Machine: {machine.describe(1)}; torch {torch.__version__}. Budgets are in steps, the same for every "
        f"architecture, so that all see as many examples and a busy machine changes nothing: {_budgets(plan)}.",
        f"Seeds 0 to {plan.seeds - 1} decide weights and data alike, so that architectures are compared in pairs.",
        f"Learning rates {', '.join(f'{rate:g}' for rate in plan.rates)} of AdamW: the validation loss of "
        f"seed 0 chose. {'; '.join(grid)}. The test split was looked at once.",
        f"Recall: one of 26 symbols, chance 1/26; {PER_LAG['test']} independent sequences for each lag, of which the "
        "last recall counts, those before it drawn as in training; Wilson "
        "intervals; horizons by exact binomial tests, corrected over the lags by Holm, interval 95 %.",
        *(f"Failed: {message}" for message in failures),
    ]


def _budgets(plan: Plan) -> str:
    arch, rate = plan.architectures[0], plan.rates[0]
    told = [f"{plan.recall(arch, length, 0, rate).budget} at lags up to {length}" for length in plan.lengths]
    words = [f"{plan.g2p(arch, 0).budget} of words to phonemes"] if "g2p" in plan.tasks else []
    return ", ".join([*told, *words])


if __name__ == "__main__":
    raise SystemExit(main())
