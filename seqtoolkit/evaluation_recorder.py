"""What `validate` and `test` measure, stored beside the checkpoint that was measured, and nowhere else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from lightning import Callback, LightningModule, Trainer

from seqtoolkit import checkpoint
from seqtoolkit.evaluation import Evaluation
from seqtoolkit.evaluation_store import store
from seqtoolkit.run_folder import RunFolder
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
            if split == "test" and (beams := task.data.beams) > 1:  # other answers than the greedy ones
                metrics["test/beams"] = beams
            self._write(metrics, cast(Evaluation, task.evaluations[split]), split)
        finally:
            self.folder.close()

    def _reason(self, share: float) -> str:
        """Say why a measurement does not count, or nothing."""
        if not (self.folder.path / "run.json").is_file():
            return f"{self.start} is not in a run folder"
        return "" if share == 1.0 and isinstance(share, float) else "only a part of the split was measured"

    def _write(self, metrics: dict[str, float], evaluation: Evaluation, split: str) -> None:
        step = int(checkpoint.read(self.start)["global_step"])
        head = {"schema": 1, "split": split, "step": step}
        self.folder.log(step, 0, metrics)
        self.folder.write_probe(self.start, f"{split}.json", {**head, "metrics": metrics})
        store(self.folder, self.start, evaluation.records, split, step)
        if self.start.stem == "best":
            self.folder.update(metrics=metrics)
