"""What `validate` and `test` measure, stored beside the checkpoint that was measured, and nowhere else."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

from lightning import Callback, LightningModule, Trainer

from seqtoolkit import checkpoint, retention_store
from seqtoolkit.data.metric import StoredRecord
from seqtoolkit.evaluation import Evaluation
from seqtoolkit.retention.record import Record
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import read_probe
from seqtoolkit.task import SequenceTask


class EvaluationRecorder(Callback):
    """Store metrics and curves with a checkpoint; those of best.ckpt are also the run's, in run.json.

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
        if reason := self._reason(share):
            print(f"not stored: {reason}", file=sys.stderr)
            return
        self.folder.open(create=False)
        try:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            self._write(metrics, cast(Evaluation, task.evaluations[split]), split)
        finally:
            self.folder.close()

    def _reason(self, share: float) -> str:
        """Say why a measurement does not count, or nothing."""
        if not (self.folder.path / "run.json").is_file():
            return f"{self.start} is not in a run folder"
        return "" if share == 1.0 and isinstance(share, float) else "only a part of the split was measured"

    def _write(self, metrics: dict[str, float], evaluation: Evaluation, split: str) -> None:
        step, seed = int(checkpoint.read(self.start)["global_step"]), self.folder.record.get("seed")
        head = {"schema": 1, "split": split, "step": step}
        self.folder.log(step, 0, metrics)
        self.folder.write_probe(self.start, f"{split}.json", {**head, "metrics": metrics})
        probes: dict[str, list[StoredRecord]] = {}
        for record in evaluation.records:
            probes.setdefault(record.probe, []).append(replace(record, seed=seed))
        for probe, records in probes.items():
            if self._outranked(f"{probe}.json", split, step):
                continue
            if curves := [record for record in records if isinstance(record, Record)]:
                retention_store.write(self.folder, self.start, step, curves, split)
            else:
                values = [record.to_dict() for record in records]
                self.folder.write_probe(self.start, f"{probe}.json", {**head, "records": values})
        if self.start.stem == "best":
            self.folder.update(metrics=metrics)

    def _outranked(self, name: str, split: str, step: int) -> bool:
        """Say whether the test split of the same checkpoint has been measured: validation does not replace it."""
        try:
            stored = read_probe(self.folder.path, self.start.stem, name) or {}
        except (OSError, ValueError):  # damaged: replace it
            return False
        return split == "val" and (stored.get("split"), stored.get("step")) == ("test", step)
