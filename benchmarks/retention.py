"""What measuring retention costs: all lags at once against a loop over lags, all protocols together, and growth.

A 2-layer LSTM of width 128 with fresh weights, driven by independent tokens; `truncation` has a target at every step,
as in a language model, and then answers that stand alone, whose contexts share no run. "At once" is the protocol as it
stands, intervals included. Its floor is the work that it cannot avoid: for `gradient` one forward and m backward
passes, for `decoding` the same for the longest lag alone, for `influence` a forward for each lag. The naive rival goes
from lag to lag: a forward and m backward passes for each lag, or a readout with a forward and a Gram matrix of its own
for each. It is timed at a few lags, evenly spread, and multiplied, which the tables say. Memory is the peak of the
process, and seconds of the processor beside those of the clock tell how busy others kept the machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import machine
import torch
from naive import backwards, forward
from timing import exponent, once, power, timed
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.recall import RecallData
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.decoding import decoding
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.gradient import gradient
from seqtoolkit.retention.influence import influence
from seqtoolkit.retention.recall import recall
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.timescale import timescale
from seqtoolkit.retention.truncation import truncation
from seqtoolkit.retention.view import View, view
from seqtoolkit.retention_options import COSTLY, FEWER, SEQUENCES

NAIVE = 4  # lags at which a loop is timed
SYMBOLS = 26  # that can be answered
GROWTH_LAGS = 16  # spread over the half of each length
GROWTH_SEQUENCES = 128
Measure = Callable[[], list[Record]]
SUMMARY = ("protocol", "s", "s of the processor", "peak MiB", "lags", "sequences behind each lag")
LOOP = ("loop, s (from some)", "loop / at once")
RIVALS = ("protocol", "lags", "at once, s", "floor, s", "at once / floor", *LOOP)


@dataclass(frozen=True)
class Subject:
    """What is measured, and on what."""

    view: View
    inputs: Tensor  # (N, T)
    lags: list[int]
    recalls: list[Batch]  # N recalls, one in each sequence, at the lags from 1 on


def main() -> None:
    """Measure everything, and print tables."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    subject = build(options)
    for title, usual in ((f"As many sequences as `seqtoolkit retention` takes of {options.sequences:,}", True),
                         (f"All {options.sequences:,} sequences", False)):  # fmt: skip
        print(f"{title}:\n\n{machine.markdown(SUMMARY, together(subject, usual))}", end="\n\n", flush=True)
    print(alone(subject), end="\n\n", flush=True)
    print(machine.markdown(RIVALS, rivals(subject, options.repeats)), end="\n\n")
    torch.set_num_threads(
        1
    )  # long sequences are read few at a time, and two threads would wait for each other
    sizes = [GROWTH_SEQUENCES * times for times in (1, 2, 4)]
    head = ("protocol", *(f"T = {steps:,}, s" for steps in options.growth), "grows as")
    print(machine.markdown(head, by_length(subject.view, options.growth, options.repeats)), end="\n\n")
    head = ("protocol", *(f"{size:,} sequences, s" for size in sizes), "grows as")
    print(machine.markdown(head, by_sequences(subject, sizes, options.repeats)))
    print(
        f"\nLSTM, 2 layers of width {options.width}, T = {options.steps}, {options.sequences:,} sequences; medians of "
        f"{options.repeats} repeats, powers with their bootstrap intervals over repeats; growth in seconds of a core, "
        f"with {GROWTH_LAGS} lags up to T / 2. Of pairs of sequences, `influence` counts one. `seqtoolkit retention` "
        f"measures {FEWER} sequences by {', '.join(COSTLY)}, and {SEQUENCES} by the others, unless asked for more. "
        f"{machine.describe(options.threads)}."
    )


def _options() -> argparse.Namespace:
    parser = machine.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--lags", type=int, default=128, help="how many: 0, 1, 2, ...")
    parser.add_argument("--steps", type=int, default=256, help="T, more than the lags")
    parser.add_argument("--sequences", type=int, default=1_000)
    parser.add_argument("--width", type=int, default=128, help="of each layer")
    parser.add_argument("--growth", type=int, nargs="+", default=(256, 1024, 4096), help="T for the growth")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def build(options: argparse.Namespace) -> Subject:
    """Build the model and draw what it reads."""
    torch.manual_seed(0)
    lags = list(range(options.lags))
    asked = lags[1:] or [1]
    data = RecallData(
        SYMBOLS,
        options.steps,
        asked[-1],
        asked,
        options.sequences,
        test_per_lag=-(-options.sequences // len(asked)),
    )
    sizes = {name: data.spec[name] for name in ("num_classes", "vocab_size")}
    seen = view(SequenceModel("lstm", **sizes, d_model=options.width, num_layers=2).eval())
    inputs = drive(seen, options.sequences, options.steps, seed=0)
    return Subject(seen, inputs, lags, list(data.test_dataloader()))


def protocols(subject: Subject, usual: bool) -> dict[str, Measure]:
    """Return all six protocols on all lags, ready to be called; of as many sequences as usual, or of all."""
    seen, inputs, lags = subject.view, subject.inputs, subject.lags
    later, some = lags[1:] or [1], inputs[:FEWER] if usual else inputs
    return {
        "decoding": partial(decoding, seen, inputs, lags),
        "gradient": partial(gradient, seen, some, lags),
        "influence": partial(influence, seen, some, lags),
        "recall": partial(
            recall, seen, subject.recalls, later, chance=1 / SYMBOLS, settings={"max_lag": later[-1]}
        ),
        "truncation": partial(truncation, seen, [_following(some)], later),
        "timescale": partial(timescale, seen, some, lags),
    }


def _following(inputs: Tensor) -> Batch:
    """Return sequences (N, T) with a target at every step, as a language model has: what follows, of SYMBOLS."""
    rows, steps = inputs.shape
    everywhere = torch.ones_like(inputs, dtype=torch.bool)
    return Batch(inputs, torch.full((rows,), steps), inputs.roll(-1, 1) % SYMBOLS, everywhere)


def together(subject: Subject, usual: bool) -> list[tuple[str, ...]]:
    """Measure every protocol once, one after the other; the last row is all of them."""
    rows, seconds, busy, peaks = [], [], [], []
    for name, measure in protocols(subject, usual).items():
        machine.reset_peak()
        found: list[Record] = []
        began = time.process_time()
        seconds.append(once(lambda measure=measure, found=found: found.extend(measure())))  # type: ignore[misc]
        busy.append(time.process_time() - began)
        peaks.append(machine.memory("VmHWM"))
        first = found[0]
        behind = (
            f"{min(first.n):,}" if min(first.n) == max(first.n) else f"{min(first.n):,} to {max(first.n):,}"
        )
        spent = (f"{seconds[-1]:.2f}", f"{busy[-1]:.2f}", f"{peaks[-1]:.0f}")
        rows.append((name, *spent, str(len(first.lags)), behind))
    return [*rows, ("all", f"{sum(seconds):.2f}", f"{sum(busy):.2f}", f"{max(peaks):.0f}", "", "")]


def alone(subject: Subject) -> str:
    """Say how long truncation takes where a sequence has one answer: contexts cannot share a run."""
    later = subject.lags[1:] or [1]
    seconds = once(lambda: truncation(subject.view, subject.recalls, later))
    count = sum(map(len, subject.recalls))
    return f"Truncation of {count:,} sequences with one answer each, where contexts share no run: {seconds:.1f} s."


def rivals(subject: Subject, repeats: int) -> list[tuple[str, ...]]:
    """Compare all lags at once with the floor and with a loop over lags."""
    seen, inputs, lags = subject.view, subject.inputs, subject.lags
    some = lags[:: -(-len(lags) // NAIVE)]
    scale = len(lags) / len(some)
    first = inputs[:FEWER]
    longest = [lags[-1]]
    cases: dict[str, tuple[Measure, Callable[[], object], Callable[[], object] | None]] = {
        "gradient": (
            partial(gradient, seen, first, lags),
            partial(backwards, seen, first, lags[-1]),
            lambda: [backwards(seen, first, lag) for lag in some],
        ),
        "decoding": (
            partial(decoding, seen, inputs, lags),
            partial(decoding, seen, inputs, longest),
            lambda: [decoding(seen, inputs, [lag]) for lag in some],
        ),
        "influence": (
            partial(influence, seen, first, lags),
            lambda: [forward(seen, first) for _ in some],
            None,
        ),
    }
    rows: list[tuple[str, ...]] = []
    for name, (measure, floor, loop) in cases.items():
        ours, least = median(timed(measure, repeats)), median(timed(floor, repeats))
        least *= scale if loop is None else 1
        told = (name, str(len(lags)), f"{ours:.2f}", f"{least:.2f}", f"{ours / least:.2f}")
        slow = None if loop is None else scale * median(timed(loop, 1))
        rows.append((*told, *(("-", "-") if slow is None else (f"{slow:.1f}", f"{slow / ours:.1f}"))))
    return rows


def by_length(seen: View, lengths: Sequence[int], repeats: int) -> list[tuple[str, ...]]:
    """Measure the protocols that drive the model, at several T, with as many lags spread over the half of each."""
    sizes = list(lengths)
    subjects = [
        Subject(seen, drive(seen, GROWTH_SEQUENCES, steps, seed=0), _spread(steps // 2), [])
        for steps in sizes
    ]
    return _growth(sizes, subjects, "T", repeats)


def by_sequences(subject: Subject, sizes: list[int], repeats: int) -> list[tuple[str, ...]]:
    """Measure them with several numbers of sequences."""
    steps = subject.inputs.shape[1]
    subjects = [
        Subject(subject.view, drive(subject.view, size, steps, seed=0), _spread(steps // 2), [])
        for size in sizes
    ]
    return _growth(sizes, subjects, "N", repeats)


def _growth(sizes: list[int], subjects: list[Subject], base: str, repeats: int) -> list[tuple[str, ...]]:
    measures: dict[str, Callable[[Subject], object]] = {
        "decoding": lambda one: decoding(one.view, one.inputs, one.lags),
        "gradient": lambda one: gradient(one.view, one.inputs, one.lags),
        "influence": lambda one: influence(one.view, one.inputs, one.lags),
        "timescale": lambda one: timescale(one.view, one.inputs, one.lags),
    }
    rows = []
    for name, measure in measures.items():
        seconds = [timed(partial(measure, one), repeats, time.process_time) for one in subjects]
        shown = (f"{median(row):.2f}" for row in seconds)
        rows.append((name, *shown, power(exponent(sizes, seconds), base)))
    return rows


def _spread(longest: int) -> list[int]:
    """Return lags from 0 to `longest`, evenly."""
    return sorted({round(i * longest / (GROWTH_LAGS - 1)) for i in range(GROWTH_LAGS)})


if __name__ == "__main__":
    main()
