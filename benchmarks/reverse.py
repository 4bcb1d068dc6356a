"""Reversed numbers in earnest: configs/reverse.yaml for its 90 seconds, then the test by length.

The ordinary command `seqtoolkit fit`, into RUNS/reverse; what is there is not done again. Options that this script does
not know go to `fit`, such as --trainer.max_steps 20. Training has up to 25 numbers, the test up to 30.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import machine
import numpy as np

from seqtoolkit import checkpoint
from seqtoolkit.beam import answer
from seqtoolkit.data.reverse import ReverseData
from seqtoolkit.data.scoring import BLEU4, counts
from seqtoolkit.retention.statistics import wilson
from seqtoolkit.runs import read_run

CONFIG = Path(__file__).parent.parent / "configs" / "reverse.yaml"
HEAD = ("numbers", "sequences", "all right [95 %]", "BLEU")
BINS = ((1, 25), (26, 30))


def main() -> None:
    """Train unless that was done, decode the test split, and print the table."""
    parser = machine.parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="?", default=Path("runs"), help="folder of the runs")
    parser.add_argument("--beams", type=int, default=1, help="of the search; 1 is greedy")
    options, more = parser.parse_known_args()
    path = options.runs / "reverse"
    if read_run(path).status != "finished":
        command = [
            sys.executable,
            "-m",
            "seqtoolkit",
            "fit",
            "--config",
            str(CONFIG),
            "--run",
            str(path),
            *more,
        ]
        if failed := subprocess.run(command, stdout=sys.stderr).returncode:
            raise SystemExit(failed)
    print(machine.markdown(HEAD, _rows(path / "checkpoints" / "best.ckpt", options.beams)))
    run = read_run(path)
    seconds = (run.finished or 0.0) - (run.created or 0.0)
    print(
        f"\n{run.parameters:,} parameters, {run.step:,} steps in {seconds:.0f} s with validation; one seed."
    )
    print(f"Beams {options.beams}; Wilson intervals. {machine.describe()}.")


def _rows(path: Path, beams: int) -> list[tuple[str, ...]]:
    found, data = checkpoint.load(path), ReverseData()
    codec, asked = found.codec, data.references("test")
    prompts = [codec.encode(source) for source in asked.sources]
    best = answer(found.model, prompts, codec.end_class, data.max_steps, codec.offset, beams)
    answers = ["".join(map(chr, hypotheses[0].tokens)) for hypotheses in best]
    table, lengths = counts(answers, asked.classes, asked.answers, codec), np.array(asked.lengths)
    rows = list[tuple[str, ...]]()
    for low, high in BINS:
        sums = table[(low <= lengths) & (lengths <= high)].sum(0)
        right, n = int(sums[0]), int(sums[1])
        least, most = wilson(right, n)
        share = f"{right / n:.1%} [{least:.1%}, {most:.1%}]"
        rows.append((f"{low} to {high}", f"{n:,}", share, f"{BLEU4(sums[None].astype(float))[0]:.1f}"))
    return rows


if __name__ == "__main__":
    main()
