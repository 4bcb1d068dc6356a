"""Words to phonemes in earnest: configs/g2p.yaml on all cores, one architecture after the other.

The ordinary commands `seqtoolkit fit` and `seqtoolkit test`, into RUNS/g2p-ARCH; what is there is not done again.
Options that this script does not know go to `fit`, such as --trainer.max_steps 20.
"""

from __future__ import annotations

from pathlib import Path

import machine
from single import minutes, seqtoolkit, trained

from seqtoolkit.retention.statistics import wilson
from seqtoolkit.runs import Run, read_run

TEST_WORDS = 12_000
HEAD = ("architecture", "parameters", "PER", "WER [95 %]", "minutes", "steps", "steps/s")


def main() -> None:
    """Train and test what is missing, then print the table."""
    parser = machine.parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="?", default=Path("runs"), help="folder of the runs")
    parser.add_argument("--arch", nargs="+", default=("lstm", "attention"), help="architectures to train")
    options, more = parser.parse_known_args()
    runs = [_tested(options.runs / f"g2p-{arch}", arch, more) for arch in options.arch]
    print(machine.markdown(HEAD, [_row(run) for run in runs]))
    print(
        f"\nn = {TEST_WORDS:,} test words, against the nearest pronunciation; one seed; WER with its Wilson interval."
    )
    print(f"Minutes from the first step to the last, with validation. {machine.describe()}.")


def _tested(path: Path, arch: str, more: list[str]) -> Run:
    """Train and test one architecture, each unless it was done, and read what was measured."""
    trained(path, "g2p", "--model.arch", arch, *more)
    if "test/per" not in read_run(path).metrics:
        seqtoolkit("test", "--ckpt_path", str(path / "checkpoints" / "best.ckpt"))
    return read_run(path)


def _row(run: Run) -> tuple[str, ...]:
    wer = run.metrics["test/wer"]
    low, high = wilson(round(wer * TEST_WORDS), TEST_WORDS)
    errors = f"{run.metrics['test/per']:.2%}", f"{wer:.2%} [{low:.2%}, {high:.2%}]"
    speed = f"{run.metrics['train/steps_per_second']:.2f}"
    return run.arch, f"{run.parameters:,}", *errors, f"{minutes(run):.1f}", f"{run.step:,}", speed


if __name__ == "__main__":
    main()
