"""Reversed numbers in earnest: configs/reverse.yaml for its 90 seconds, then the test by length.

The ordinary command `seqtoolkit fit`, into RUNS/reverse; what is there is not done again. Options that this script does
not know go to `fit`, such as --trainer.max_steps 20. Training has up to 25 numbers, the test up to 30.
"""

from __future__ import annotations

from pathlib import Path

import machine
from single import decoded, minutes, trained

from seqtoolkit.data.pairing.scoring import BLEU4
from seqtoolkit.data.reverse import ReverseData
from seqtoolkit.retention.statistics import wilson

HEAD = ("numbers", "sequences", "all right [95 %]", "BLEU")
BINS = ((1, 25), (26, 30))


def main() -> None:
    """Train unless that was done, decode the test split, and print the table."""
    parser = machine.parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="?", default=Path("runs"), help="folder of the runs")
    parser.add_argument("--beams", type=int, default=1, help="of the search; 1 is greedy")
    options, more = parser.parse_known_args()
    path = options.runs / "reverse"
    run = trained(path, "reverse", *more)
    print(machine.markdown(HEAD, _rows(path, options.beams)))
    steps = f"{run.step:,} steps in {60 * minutes(run):.0f} s with validation"
    print(f"\n{run.parameters:,} parameters, {steps}; one seed.")
    print(f"Beams {options.beams}; Wilson intervals. {machine.describe()}.")


def _rows(run: Path, beams: int) -> list[tuple[str, ...]]:
    lengths, table = decoded(run, ReverseData(), beams)
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
