"""Beam search: is memory linear in batch x beams x length, and what does a beam cost against greedy decoding?

An encoder-decoder of configs/g2p_attention.yaml with fresh weights (seed 0), sources and answers of the same length;
the end mark is made so unlikely that every answer has all its symbols. Every measurement is a process of its own;
memory is its peak while decoding, less what it held before.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

import machine
import torch
import yaml

from seqtoolkit.beam import beam_search
from seqtoolkit.data.g2p import CODEC
from seqtoolkit.decoding import greedy
from seqtoolkit.encoder_decoder import EncoderDecoder

CONFIG = Path(__file__).parent.parent / "configs" / "g2p_attention.yaml"
CASES = (  # batch, beams, length
    (64, 4, 16), (128, 4, 16), (256, 4, 16), (512, 4, 16),
    (128, 1, 16), (128, 2, 16), (128, 8, 16), (128, 16, 16),
    (128, 4, 32), (128, 4, 64), (128, 4, 128),
)  # fmt: skip
HEAD = (
    "batch",
    "beams",
    "length",
    "product",
    "s",
    "us a beam step",
    "peak MiB",
    "KiB a beam step",
    "greedy, s",
    "ratio",
)
END = CODEC.end_class


def main() -> None:
    """Measure every case, and print medians."""
    parser = machine.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as fresh:
        found = list(fresh.map(measure, *zip(*CASES * options.repeats, strict=True)))
    print(machine.markdown(HEAD, [_row(case, found[i :: len(CASES)]) for i, case in enumerate(CASES)]))
    print(f"\nMedians of {options.repeats} repeats; float32. {machine.describe(torch.get_num_threads())}.")


def measure(batch: int, beams: int, length: int) -> tuple[float, float, float]:
    """Return the seconds of a search, the MiB of its peak, and the seconds of greedy decoding."""
    torch.manual_seed(0)
    config = yaml.safe_load(CONFIG.read_text())["model"]
    config.pop("label_smoothing")
    sizes = {"vocab_size": len(CODEC.symbols), "num_classes": len(CODEC.classes)}
    model = EncoderDecoder(**{**config, **sizes}).eval()
    model.decoder.head.get_parameter("bias").data[END] = -1e9
    prompts = torch.randint(CODEC.offset, (batch, length)).tolist()
    prompts = [[*prompt, CODEC.offset] for prompt in prompts]
    beam_search(model, prompts[:4], END, 4, CODEC.offset, beams)  # warm up
    held, began = machine.reset_peak(), time.perf_counter()
    beam_search(model, prompts, END, length, CODEC.offset, beams, batch_size=batch)
    seconds, peak = time.perf_counter() - began, machine.memory("VmHWM") - held
    began = time.perf_counter()
    greedy(model, prompts, END, length, CODEC.offset, batch_size=batch)
    return seconds, peak, time.perf_counter() - began


def _row(case: tuple[int, int, int], found: list[tuple[float, float, float]]) -> tuple[str, ...]:
    batch, beams, length = case
    product = batch * beams * length
    seconds, peak, plain = map(median, zip(*found, strict=True))
    told = f"{seconds:.2f}", f"{1e6 * seconds / product:.1f}", f"{peak:.0f}", f"{1024 * peak / product:.2f}"
    return (
        str(batch),
        str(beams),
        str(length),
        f"{product:,}",
        *told,
        f"{plain:.2f}",
        f"{seconds / plain:.1f}",
    )


if __name__ == "__main__":
    main()
