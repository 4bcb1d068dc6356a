"""Greedy decoding with carried state: are time and memory linear in the length of the words, and what is saved?

Test words of G2P, models of configs/g2p.yaml with fresh weights (seed 0). Such a model does not know where to end, so
every word gets the same number of symbols, and no end mark. The rival reads the whole prefix again for each symbol.
Every measurement is a process of its own; memory is its peak while decoding, less what it held before.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import machine
import torch
import yaml

from seqtoolkit.data.base import prompts
from seqtoolkit.data.g2p import CODEC, G2PData
from seqtoolkit.decoding import greedy
from seqtoolkit.model import SequenceModel

CONFIG = Path(__file__).parent.parent / "configs" / "g2p.yaml"
SIZES = (1_500, 3_000, 6_000, 12_000)
SYMBOLS = 7  # the mean length of a pronunciation, end mark included
BATCH = 1024
HEAD = (
    "architecture",
    "words",
    "steps",
    "s",
    "us/step",
    "peak MiB",
    "re-reading, s",
    "ratio",
    "same answers",
)


class Measured(NamedTuple):
    """What one process saw."""

    steps: int  # letters, separators and symbols of all words together
    seconds: float
    peak: float  # MiB
    rival: float  # seconds of re-reading
    same: float  # share of words to which both gave the same answer


def main() -> None:
    """Measure every size in turn, and print medians."""
    parser = machine.parser(__doc__)
    parser.add_argument("--arch", nargs="+", default=machine.ARCHITECTURES, help="architectures to measure")
    parser.add_argument("--words", nargs="+", type=int, default=SIZES, help="sizes to measure, up to 12000")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    cases = [(arch, words) for arch in options.arch for words in options.words]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as fresh:
        measured = list(fresh.map(measure, *zip(*cases * options.repeats, strict=True)))
    print(machine.markdown(HEAD, [_row(*case, measured[i :: len(cases)]) for i, case in enumerate(cases)]))
    print(f"\nMedians of {options.repeats} repeats; {SYMBOLS} symbols a word, batches of {BATCH:,}; float32.")
    print(f"{machine.describe(torch.get_num_threads())}, torch {torch.__version__}.")


def measure(arch: str, words: int) -> Measured:
    """Decode a sample of the test words in both ways."""
    model, asked = _model_and_prompts(arch)
    asked = asked[:: len(asked) // words][:words]  # they come sorted by length
    carried(model, asked[:64]), reread(model, asked[:64])  # warm up
    held, began = machine.reset_peak(), time.perf_counter()
    answers = carried(model, asked)
    seconds, peak = time.perf_counter() - began, machine.memory("VmHWM") - held
    began = time.perf_counter()
    others = reread(model, asked)
    rival = time.perf_counter() - began
    same = sum(map(list.__eq__, answers, others)) / words
    return Measured(sum(map(len, asked + answers)), seconds, peak, rival, same)


def carried(model: SequenceModel, asked: list[list[int]]) -> list[list[int]]:
    """Decode as seqtoolkit does; no class is the end."""
    return greedy(model, asked, end=-1, max_steps=SYMBOLS, offset=CODEC.offset, batch_size=BATCH)


@torch.inference_mode()
def reread(model: SequenceModel, asked: list[list[int]]) -> list[list[int]]:
    """Decode the same batches without state: every symbol costs the whole prefix."""
    answers: dict[int, list[int]] = {}
    groups: dict[int, list[int]] = defaultdict(list)
    for row, prompt in enumerate(asked):
        groups[len(prompt)].append(row)
    for rows in (group[i : i + BATCH] for group in groups.values() for i in range(0, len(group), BATCH)):
        tokens = torch.tensor([asked[row] for row in rows])
        for _ in range(SYMBOLS):
            features, _ = model.features(model.embed(tokens))
            tokens = torch.cat([tokens, model.head(features[:, -1:]).argmax(-1) + CODEC.offset], 1)
        answers.update(zip(rows, (tokens[:, -SYMBOLS:] - CODEC.offset).tolist(), strict=True))
    return [answers[row] for row in range(len(asked))]


def _model_and_prompts(arch: str) -> tuple[SequenceModel, list[list[int]]]:
    torch.manual_seed(0)
    data, config = G2PData(), yaml.safe_load(CONFIG.read_text())["model"]
    sizes = {name: data.spec[name] for name in ("vocab_size", "num_classes")}
    model = SequenceModel(**{**config, **sizes, "arch": arch}).eval()
    return model, [prompt for batch in data.test_dataloader() for prompt in prompts(batch)]


def _row(arch: str, words: int, measured: list[Measured]) -> tuple[str, ...]:
    steps, seconds, peak, rival, same = map(median, zip(*measured, strict=True))
    own = f"{seconds:.2f}", f"{1e6 * seconds / steps:.1f}", f"{peak:.0f}"
    return arch, f"{words:,}", f"{steps:,}", *own, f"{rival:.2f}", f"{rival / seconds:.1f}", f"{same:.1%}"


if __name__ == "__main__":
    main()
