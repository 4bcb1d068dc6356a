"""Write predictions as they come."""

from __future__ import annotations

from typing import Any, Literal

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter

from seqtoolkit.output import Output


class PredictionWriter(BasePredictionWriter):
    """Write one row for each input, as `Output` does: a file is whole, or it is not there.

    Args:
        output: path of the file, or - for standard output.
        format: `tsv` (with a header line) or `jsonl`.
    """

    def __init__(self, output: str, format: Literal["tsv", "jsonl"]) -> None:
        super().__init__(write_interval="batch")
        self.output = Output(output, format)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse a place that cannot be written, before any work is done."""
        self.output.check()
        trainer.predict_loop.return_predictions = False  # they would pile up in memory

    def write_on_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, prediction: Any, *_: Any
    ) -> None:
        """Write the rows that are next in order."""
        self.output.add(prediction)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the file in its place."""
        self.output.__exit__(None, None, None)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave nothing behind."""
        self.output.__exit__(type(exception), exception, exception.__traceback__)
