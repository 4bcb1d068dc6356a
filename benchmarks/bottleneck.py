"""The bottleneck in one table: words to phonemes by encoder and decoder, with attention and with one fixed vector.

configs/g2p_attention.yaml on all cores, one model after the other, the second for as many steps as the first had time
for, and with the same number of parameters (without attention the layers are a little wider). The ordinary commands
`seqtoolkit fit` and `seqtoolkit test`, into RUNS/bottleneck-NAME; what is there is not done again. Options that this
script does not know go to `fit`.
"""

from __future__ import annotations

from pathlib import Path

import machine
import numpy as np
import torch
from single import Counts, decoded, minutes, trained

from seqtoolkit.data.g2p import G2PData
from seqtoolkit.retention.bootstrap import percentile_interval, resampled_sums
from seqtoolkit.runs import Run

TASK = "g2p_attention"
WITHOUT = ["--model.attention", "none", "--model.d_model", "205"]
MODELS = ("attention", "none")
BINS = ((1, 99), (1, 5), (6, 8), (9, 11), (12, 99))  # letters


def main() -> None:
    """Train and test what is missing, then print both tables."""
    parser = machine.parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="?", default=Path("runs"), help="folder of the runs")
    parser.add_argument("--beams", type=int, default=4, help="of the search")
    parser.add_argument("--words", type=int, default=12_000, help="test words, the first of their order")
    options, more = parser.parse_known_args()
    runs = {name: options.runs / f"bottleneck-{name}" for name in MODELS}
    first = trained(runs["attention"], TASK, *more)
    steps = ["--trainer.max_steps", str(first.step), "--trainer.max_time", "null"]
    both = {"attention": first, "none": trained(runs["none"], TASK, *WITHOUT, *more, *steps)}
    tables = {name: measure(path, options.beams, options.words) for name, path in runs.items()}
    head = ("model", "parameters", "PER [95 %]", "WER [95 %]", "minutes", "steps")
    print(machine.markdown(head, [_row(name, run, tables[name]) for name, run in both.items()]), end="\n\n")
    by_length = ("letters", "words", "PER with attention", "PER without", "without / with [95 %]")
    print(machine.markdown(by_length, [_by_length(low, high, tables) for low, high in BINS]))
    print(
        f"\nThe nearest pronunciation counts, stress removed; beams {options.beams}; one seed; bootstrap over words."
    )
    print(f"{machine.describe(torch.get_num_threads())}.")


def measure(run: Path, beams: int, words: int) -> Counts:
    """Decode the test words; return letters, edits, phonemes and whether it is wrong for each (N, 4)."""
    lengths, table = decoded(run, G2PData(), beams, words)
    return np.column_stack([lengths, table[:, 2], table[:, 3], 1 - table[:, 0]])


def _row(name: str, run: Run, table: Counts) -> tuple[str, ...]:
    per, wer = _share(table[:, 1:3]), _share(np.column_stack([table[:, 3], np.ones(len(table), int)]))
    return name, f"{run.parameters:,}", per, wer, f"{minutes(run):.1f}", f"{run.step:,}"


def _share(columns: Counts) -> str:
    """Write the ratio of two sums (N, 2) with its bootstrap interval."""
    sums = resampled_sums(columns)
    estimate = columns[:, 0].sum() / columns[:, 1].sum()
    low, high = percentile_interval(float(estimate), sums[:, 0] / sums[:, 1])
    return f"{estimate:.2%} [{low:.2%}, {high:.2%}]"


def _by_length(low: int, high: int, tables: dict[str, Counts]) -> tuple[str, ...]:
    """Compare the models on the words of these lengths, word by word."""
    inside = (tables["none"][:, 0] >= low) & (tables["none"][:, 0] <= high)
    both = np.column_stack([tables[name][inside, 1:3] for name in MODELS])
    letters = f"{low} to {high}" if high < 99 else ("all" if low == 1 else f"{low} and more")
    if not inside.any():
        return letters, "0", "-", "-", "-"
    sums = resampled_sums(both)
    ratio = (both[:, 2].sum() / both[:, 3].sum()) / (both[:, 0].sum() / both[:, 1].sum())
    resampled = (sums[:, 2] / sums[:, 3]) / np.maximum(sums[:, 0] / sums[:, 1], 1e-9)
    below, above = percentile_interval(float(ratio), resampled)
    told = f"{ratio:.2f} [{below:.2f}, {above:.2f}]"
    return letters, f"{inside.sum():,}", _share(both[:, :2]), _share(both[:, 2:]), told


if __name__ == "__main__":
    main()
