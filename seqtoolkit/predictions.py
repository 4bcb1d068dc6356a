"""Write predictions as they come: TSV or JSON lines, to a file (whole or not at all) or to standard output."""

from __future__ import annotations

import csv
import io
import json
import sys
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter

from seqtoolkit.files import write_atomically


class PredictionWriter(BasePredictionWriter):
    """Write one row for each input, in the order of the input.

    Args:
        output: path of the file, or - for standard output.
        format: `tsv` (with a header line) or `jsonl`.
    """

    def __init__(self, output: str, format: Literal["tsv", "jsonl"]) -> None:
        super().__init__(write_interval="epoch")
        self.output, self.format = output, format

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse a place that cannot be written, before any work is done."""
        if self.output != "-" and (
            Path(self.output).is_dir() or not Path(self.output).resolve().parent.is_dir()
        ):
            raise ValueError(f"--output {self.output}: expected a file in a folder that exists")

    def write_on_epoch_end(
        self, trainer: Trainer, pl_module: LightningModule, predictions: Any, batch_indices: Any
    ) -> None:
        """Write all rows."""
        numbered = sorted((pair for batch in predictions for pair in batch), key=itemgetter(0))
        rows = [row for _, row in numbered]
        text = (
            _tsv(rows)
            if self.format == "tsv"
            else "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        )
        if self.output == "-":
            sys.stdout.write(text)
        elif Path(self.output).exists() and not Path(self.output).is_file():
            Path(self.output).write_text(text)  # a pipe or a device is written to, not replaced
        else:
            write_atomically(Path(self.output).resolve(), text.encode())


def _tsv(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), dialect="excel-tab", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
