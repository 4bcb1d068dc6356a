"""Streaming prediction: how long is a row waited for, with carried state and with its history read again?

Rows of drawn values, one group, models of the next step with fresh weights (seed 0): latency does not depend on what is
learned. It is the time from the cells of a row to the lines that are written, pipes left out. The rival prepares and
writes the same, and reads the same rows as the carried state has seen, all of them again at each row. Both take turns,
row by row, on one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import machine
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.row_lines import RowLines
from seqtoolkit.mixer import state_bytes
from seqtoolkit.model import SequenceModel

WARM = 64  # rows that are not counted
SAMPLES = 1_000
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
HEAD = ("architecture", "state, KiB", "median, ms", "p95, ms", "slowest", "re-reading: median, ms", "p95, ms", "ratio",
        "apart")  # fmt: skip


class Measured(NamedTuple):
    """What was seen of one architecture."""

    carried: NDArray[np.float64]  # milliseconds of each row
    again: NDArray[np.float64]
    state: float  # KiB, the largest
    apart: float  # the largest difference of scores, scaled


def main() -> None:
    """Measure each architecture, and print a table."""
    parser = machine.parser(__doc__)
    parser.add_argument("--arch", nargs="+", default=machine.ARCHITECTURES, help="architectures to measure")
    parser.add_argument("--rows", type=int, default=1024)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--window", type=int, default=256, help="rows after which a state begins anew")
    parser.add_argument("--d_model", type=int, default=128)
    parser.add_argument("--num_layers", type=int, default=2)
    parser.add_argument("--dates", action="store_true", help="with a column of time stamps")
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="cpu leaves out what other processes take"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        path.write_text(drawn(options.rows + WARM, options.channels, options.dates))
        data = SeriesData(
            str(path), time="time" if options.dates else None, window=options.window, task="next"
        )
        size: dict[str, Any] = {"d_model": options.d_model, "num_layers": options.num_layers}
        found = {arch: measure(data, path, arch, size, CLOCKS[options.clock]) for arch in options.arch}
    print(machine.markdown(HEAD, [_row(arch, each) for arch, each in found.items()]))
    stamps = ", dates" if options.dates else ""
    print(
        f"\n{options.rows:,} rows of {options.channels} channels{stamps}, window {options.window}, {size}; 95 %"
    )
    print(
        f"intervals by bootstrap over rows; {options.clock} time. {machine.describe(1)}, torch {torch.__version__}."
    )


def drawn(rows: int, channels: int, dates: bool) -> str:
    """Draw a CSV."""
    names = [*(["time"] if dates else []), *(f"c{number}" for number in range(channels))]
    values = np.random.default_rng(0).normal(50, 9, (rows, channels))
    begin = datetime(2026, 1, 1)
    lines = [",".join(names)]
    for step, row in enumerate(values):
        stamp = [f"{begin + timedelta(minutes=step):%Y-%m-%d %H:%M:%S}"] if dates else []
        lines.append(",".join([*stamp, *(f"{value:.3f}" for value in row)]))
    return "\n".join([*lines, ""])


@torch.inference_mode()
def measure(
    data: SeriesData, path: Path, arch: str, size: dict[str, Any], clock: Callable[[], float]
) -> Measured:
    """Answer each row in both ways."""
    torch.manual_seed(0)
    sizes = {name: data.spec[name] for name in ("num_features", "num_classes")}
    model = SequenceModel(arch, **sizes, **size).eval()
    times, state, seen, largest, apart = list[list[float]](), None, list[Tensor](), 0, 0.0
    with RowLines(str(path)) as lines:
        stream = data.stream(lines)
        for number, cells in lines:
            began = clock()
            read = stream.read(number, cells)
            prepared = clock() - began
            scores, state = model.advance(read.inputs, None if read.anew else state)
            stream.answers(scores)
            carried = clock() - began
            seen = [*([] if read.anew else seen), read.inputs]
            began = clock()
            others, _ = model.advance(torch.cat(seen, 1))
            stream.answers(others)
            times.append([carried, prepared + clock() - began])
            largest, apart = (
                max(largest, state_bytes(state)),
                max(apart, float((scores - others).abs().max())),
            )
    carried_ms, again_ms = 1e3 * np.array(times)[WARM:].T
    return Measured(carried_ms, again_ms, largest / 1024, apart)


def quantile(values: NDArray[np.float64], share: float) -> str:
    """Write a quantile with its 95 % interval."""
    drawn_values = values[np.random.default_rng(0).integers(0, len(values), (SAMPLES, len(values)))]
    low, high = np.quantile(np.quantile(drawn_values, share, axis=1), [0.025, 0.975])
    return f"{np.quantile(values, share):.2f} [{low:.2f}, {high:.2f}]"


def _row(arch: str, found: Measured) -> Sequence[str]:
    own = quantile(found.carried, 0.5), quantile(found.carried, 0.95), f"{found.carried.max():.1f}"
    again = quantile(found.again, 0.5), quantile(found.again, 0.95)
    ratio = f"{np.median(found.again) / np.median(found.carried):.1f}"
    return arch, f"{found.state:.1f}", *own, *again, ratio, f"{found.apart:.0e}"


if __name__ == "__main__":
    main()
