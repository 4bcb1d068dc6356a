"""Training and beam search against JoeyNMT, on its own tutorial: reverse a sequence of digits.

Both read the same sentences, in turn, each by its own command and in its own environment (that of JoeyNMT is made
where it is missing). Target tokens are counted, end marks included, after each one's first logged steps, so that
starting up counts for neither; a step has as many sentences here as there. Layers and widths are as equal as both
allow, and printed: ours has no narrow embedding, so it is the larger one. JoeyNMT attends after each step and feeds the
result to the next; of ours, `before` (Bahdanau) waits for it likewise, `after` (Luong) need not wait, and runs fused.
The whole test split is decoded, by fresh models that must write 16 symbols each, so that both do the same work; or,
with `--trained`, by models trained for so many steps of 10 sentences, which end where they like.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import joeynmt_peer as peer
import machine
import torch
from joeynmt_ours import BEAMS, CASES, FORMS, SYMBOLS, Bench, Fitted
from torch import nn

from seqtoolkit.model import count_parameters

VENV = Path.home() / ".cache" / "seqtoolkit" / "joeynmt"
TRAINING = ("batch", "sentences a step", "attention", "JoeyNMT, tokens/s", "seqtoolkit", "ratio [min, max]")
DECODING = (
    "batch",
    "attention",
    "JoeyNMT, sentences/s",
    "seqtoolkit",
    "ratio [min, max]",
    "JoeyNMT, symbols/s",
    "seqtoolkit",
)
RIGHT = ("all right, JoeyNMT", "seqtoolkit")  # of models that were trained


def main() -> None:
    """Measure what was asked for, and print medians."""
    options = _options()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # for the other process
    torch.set_num_threads(options.threads)
    python = peer.environment(options.venv)
    with TemporaryDirectory() as name:
        bench = Bench(python, Path(name))
        if "training" in options.parts:
            training(bench, options)
        if "decoding" in options.parts:
            decoding(bench, options)
    print(f"{machine.describe(options.threads)}, torch {torch.__version__}, JoeyNMT {peer.VERSION}; float32.")


def _options() -> argparse.Namespace:
    parser = machine.parser(__doc__)
    parser.add_argument("--venv", type=Path, default=VENV, help="folder of JoeyNMT's own environment")
    parser.add_argument(
        "--parts", nargs="+", choices=("training", "decoding"), default=("training", "decoding")
    )
    parser.add_argument("--steps", nargs=2, type=int, default=(500, 100), help="of each run, for each batch")
    parser.add_argument("--trained", type=int, default=0, help="steps of the models that decode")
    parser.add_argument(
        "--batches", nargs="+", type=int, default=(10, 100), help="sentences decoded together"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def training(bench: Bench, options: argparse.Namespace) -> None:
    """Train in turn and print a table of tokens a second, and what was trained."""
    rows = []
    for (name, case), steps in zip(CASES.items(), options.steps, strict=True):
        theirs, ours = [], {form: list[Fitted]() for form in FORMS}
        for _ in range(options.repeats):
            theirs.append(bench.joeynmt(case, steps))
            for form in FORMS:
                ours[form].append(bench.fit(case, form, steps))
        for form in FORMS:
            rates = [(a.rate, b.rate) for a, b in zip(theirs, ours[form], strict=True)]
            speeds = [f"{median(column):,.0f}" for column in zip(*rates, strict=True)]
            rows.append((name, str(case.sentences), form, *speeds, _ratios([b / a for a, b in rates])))
    print(machine.markdown(TRAINING, rows))
    print(f"\nMedians of {options.repeats} repeats, ratios within a repeat; {options.steps} steps.\n")
    print(f"JoeyNMT: {theirs[0].parameters:,} parameters: {theirs[0].layers}")
    for form in FORMS:
        model = ours[form][0].model
        print(f"seqtoolkit, {form}: {count_parameters(model):,} parameters: {_layers(model)}")
    print()


def decoding(bench: Bench, options: argparse.Namespace) -> None:
    """Decode the test split in turn, and print a table of sentences and symbols a second."""
    case, rows = CASES["10 sentences"], []
    steps, symbols = (options.trained, None) if options.trained else (10, SYMBOLS)
    bench.joeynmt(case, steps)
    models = {form: bench.fit(case, form, max(steps, 20)).model for form in FORMS}
    for batch in options.batches:
        theirs, ours = [], {form: list[peer.Decoded]() for form in FORMS}
        for _ in range(options.repeats):
            theirs.append(bench.joeynmt_beam(batch, symbols))
            for form in FORMS:
                ours[form].append(bench.beam(models[form], batch, symbols))
        rows += [(str(batch), form, *_compared(bench.references, theirs, ours[form])) for form in FORMS]
    shown = len(DECODING) + len(RIGHT) * bool(options.trained)
    print(machine.markdown((*DECODING, *RIGHT)[:shown], [row[:shown] for row in rows]))
    made = f"all trained by {steps:,} steps" if symbols is None else f"fresh models, {symbols} symbols each"
    count = f"{len(bench.references):,} test sentences, beam {BEAMS}, {made}"
    print(f"\nMedians of {options.repeats} repeats; {count}.\n")


def _compared(references: list[list[str]], *rivals: list[peer.Decoded]) -> tuple[str, ...]:
    """Return the cells of a row: sentences and symbols a second, and exact answers, of theirs and of ours."""
    seconds = [median(turn.seconds for turn in turns) for turns in rivals]
    answers = [turns[0].answers for turns in rivals]  # the same in every turn
    lengths = [sum(map(len, found)) for found in answers]
    right = [sum(map(list.__eq__, found, references)) / len(references) for found in answers]
    return (
        *(f"{len(references) / time:,.0f}" for time in seconds),
        _ratios([a.seconds / b.seconds for a, b in zip(*rivals, strict=True)]),
        *(f"{length / time:,.0f}" for length, time in zip(lengths, seconds, strict=True)),
        *(f"{share:.1%}" for share in right),
    )


def _ratios(values: list[float]) -> str:
    return f"{median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"


def _layers(model: nn.Module) -> str:
    leaves = [(name, part) for name, part in model.named_modules() if not list(part.children())]
    return ", ".join(f"{name}={part}" for name, part in leaves if count_parameters(part))


if __name__ == "__main__":
    main()
