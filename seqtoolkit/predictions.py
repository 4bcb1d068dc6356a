"""Write predictions as they come: TSV or JSON lines, to a file (whole or not at all) or to standard output."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Literal

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter

from seqtoolkit.files import replacing

Row = dict[str, Any]
N_BEST = ("source", "rank", "answer", "score")  # columns where several answers were asked for


class PredictionWriter(BasePredictionWriter):
    """Write one row for each input in the order of the input, each as soon as those before it are there.

    A row with `n_best` answers has a line for each of them in TSV.

    Args:
        output: path of the file, or - for standard output.
        format: `tsv` (with a header line) or `jsonl`.
    """

    def __init__(self, output: str, format: Literal["tsv", "jsonl"]) -> None:
        super().__init__(write_interval="batch")
        self.output, self.format = output, format
        self._waiting: dict[int, Row] = {}  # rows whose predecessors are not answered yet
        self._written = 0
        self._file: BinaryIO | None = None
        self._open = ExitStack()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse a place that cannot be written, before any work is done."""
        if self.output != "-" and (
            Path(self.output).is_dir() or not Path(self.output).resolve().parent.is_dir()
        ):
            raise ValueError(f"--output {self.output}: expected a file in a folder that exists")
        trainer.predict_loop.return_predictions = False  # they would pile up in memory

    def write_on_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, prediction: Any, *_: Any
    ) -> None:
        """Write the rows that are next in order; when nobody reads them any more, end quietly."""
        self._waiting.update(prediction)
        try:
            self._write("".join(self._next()).encode())
        except BrokenPipeError:
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # what is flushed at exit goes there
            raise SystemExit(0) from None

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the file in its place."""
        self._write(b"")
        self._open.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave nothing behind."""
        self._open.__exit__(type(exception), exception, exception.__traceback__)

    def _next(self) -> Iterator[str]:
        while (row := self._waiting.pop(self._written, None)) is not None:
            if self.format == "jsonl":
                yield json.dumps(row, ensure_ascii=False) + "\n"
            else:
                lines = _table(row)
                if not self._written:
                    yield _line(lines[0])
                yield from (_line(line.values()) for line in lines)
            self._written += 1

    def _write(self, data: bytes) -> None:
        self._file = self._file or self._begin()
        self._file.write(data)
        self._file.flush()

    def _begin(self) -> BinaryIO:
        """Open the output; a pipe or a device is written to, not replaced."""
        if self.output == "-":
            return sys.stdout.buffer
        path = Path(self.output)
        if path.exists() and not path.is_file():
            return self._open.enter_context(path.open("wb"))
        return self._open.enter_context(replacing(path.resolve()))


def _table(row: Row) -> list[Row]:
    """Return a row for each line of TSV."""
    if "n_best" not in row:
        return [row]
    return [
        dict(zip(N_BEST, (row["source"], rank, one["answer"], f"{one['score']:.6f}"), strict=True))
        for rank, one in enumerate(row["n_best"], 1)
    ]


def _line(cells: Iterable[Any]) -> str:
    """Join cells; there is no quoting, so what would end a cell becomes a space."""
    return "\t".join(re.sub(r"[\t\r\n]", " ", str(cell)) for cell in cells) + "\n"
