"""What `validate` and `test` measure, stored beside the checkpoint that was measured, and nowhere else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from lightning import Callback, LightningModule, Trainer

from seqtoolkit import checkpoint
from seqtoolkit.data.metric import StoredRecord
from seqtoolkit.evaluation import Evaluation
from seqtoolkit.evaluation_store import store
from seqtoolkit.quality import Quality
from seqtoolkit.quality_table import quality_table
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.task import SequenceTask


class EvaluationRecorder(Callback):
    """Store metrics and curves with a checkpoint; those of best.ckpt are also the run's, in run.json.

    A whole split's measures are printed beside their baselines, wherever the checkpoint lies.

    Args:
        start: the checkpoint that is measured.
    """

    def __init__(self, start: Path) -> None:
        self.start = start.resolve()
        self.folder = RunFolder(self.start.parent.parent)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Store what was measured on the validation split."""
        self._store(trainer, cast(SequenceTask, pl_module), "val", trainer.limit_val_batches)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Store what was measured on the test split."""
        self._store(trainer, cast(SequenceTask, pl_module), "test", trainer.limit_test_batches)

    def _store(self, trainer: Trainer, task: SequenceTask, split: str, share: float) -> None:
        if not trainer.is_global_zero:
            return
        records = list(cast(Evaluation, task.evaluations[split]).records) if _is_whole(share) else []
        if shown := quality_table(record for record in records if isinstance(record, Quality)):
            print(f"\n{shown}")
        if reason := self._reason(share):
            print(f"not stored: {reason}", file=sys.stderr)
            return
        self.folder.open(create=False)
        try:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            if split == "test" and (beams := task.data.beams) > 1:  # other answers than the greedy ones
                metrics["test/beams"] = beams
            self._write(metrics, records, split)
        finally:
            self.folder.close()

    def _reason(self, share: float) -> str:
        """Say why a measurement does not count, or nothing."""
        if not (self.folder.path / "run.json").is_file():
            return f"{self.start} is not in a run folder"
        return "" if _is_whole(share) else "only a part of the split was measured"

    def _write(self, metrics: dict[str, float], records: list[StoredRecord], split: str) -> None:
        step = int(checkpoint.read(self.start)["global_step"])
        head = {"schema": 1, "split": split, "step": step}
        self.folder.log(step, 0, metrics)
        self.folder.write_probe(self.start, f"{split}.json", {**head, "metrics": metrics})
        store(self.folder, self.start, records, split, step)
        if self.start.stem == "best":
            self.folder.update(metrics=metrics)


def _is_whole(share: float) -> bool:
    """Say whether all batches were measured: 1.0 is all of them, 1 is a single one."""
    return share == 1.0 and isinstance(share, float)
