"""What happens in training, written to a run folder: a logger and one callback. Only the first process writes."""

from __future__ import annotations

import io
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any, cast

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from seqtoolkit import checkpoint
from seqtoolkit.files import write_atomically
from seqtoolkit.model import count_parameters
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.schedule import WarmupDecay, follow
from seqtoolkit.task import SequenceTask

HEARTBEAT = 2.0  # seconds between updates of run.json


class AtomicCheckpointIO(TorchCheckpointIO):
    """Save a checkpoint whole or not at all (Lightning's own writer moves it across file systems)."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any | None = None
    ) -> None:
        """Write under a temporary name beside the target, then replace."""
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(Path(path), buffer.getvalue())


class RunLogger(Logger):
    """Append every logged metric to the run's metrics.jsonl."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self.folder = folder

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.folder.path.name

    @property
    def version(self) -> str:
        """Runs have names, not versions."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Do nothing: config.yaml holds them."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append one line."""
        values = {name: float(value) for name, value in metrics.items() if name != "epoch"}
        self.folder.log(step or 0, int(metrics.get("epoch", 0)), values)


class RunRecorder(Callback):
    """Keep run.json true while training goes on, and store what an evaluation measured.

    Args:
        folder: the run folder; opened when training or an evaluation begins.
        facts: fields of run.json that are known before training (task, plugin, seed, versions, config hash).
        config: the fully expanded configuration, written to config.yaml when training begins.
        start: the checkpoint from which training goes on, or which is evaluated.
    """

    def __init__(
        self, folder: RunFolder, facts: dict[str, Any], config: str, start: Path | None = None
    ) -> None:
        self.folder, self.facts, self.config, self.start = folder, facts, config, start
        self._beat = self._seconds = 0.0  # last heartbeat; training time without validation
        self._since: float | None = None  # when the training clock was last started
        self._first_step = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Take the run folder (first process), and let every process save checkpoints there."""
        self.folder.path = trainer.strategy.broadcast(self.folder.path)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, ModelCheckpoint):
                callback.dirpath = str(self.folder.path / "checkpoints")
        if trainer.is_global_zero:
            self.folder.open(create=stage == "fit" and not self._continues())
            if stage == "fit":
                self._begin(trainer, cast(SequenceTask, pl_module))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let the schedule follow the trainer's budget, and start the clock."""
        for config in trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, WarmupDecay):
                follow(config.scheduler, trainer)
        self._first_step, self._since = trainer.global_step, time.perf_counter()

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        """Show that the run lives, and let a run that ends by max_steps validate what it ends with."""
        if trainer.global_step == trainer.max_steps:
            trainer.should_stop = True
        if time.monotonic() - self._beat > HEARTBEAT:
            self._record(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the training clock."""
        if self._since is not None:
            self._seconds, self._since = self._seconds + time.perf_counter() - self._since, None

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record what was measured, or, on its own (`validate`), store it with its checkpoint."""
        if trainer.state.fn == "validate":
            self._store(trainer, cast(SequenceTask, pl_module), "val")
        elif not trainer.sanity_checking:
            self._record(trainer)
            self._since = time.perf_counter()

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Store the test metrics and curves with their checkpoint."""
        self._store(trainer, cast(SequenceTask, pl_module), "test")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Mark the run as finished."""
        self._record(trainer, status="finished", finished=time.time())

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Mark the run as crashed, and say why."""
        if trainer.state.fn == "fit" and self.folder.owned:
            self._record(trainer, status="crashed", error=f"{type(exception).__name__}: {exception}"[:500])

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give the folder back."""
        self.folder.close()

    def _continues(self) -> bool:
        """Say whether training goes on from a checkpoint of this very run."""
        return self.start is not None and self.start.resolve().parent.parent == self.folder.path.resolve()

    def _begin(self, trainer: Trainer, task: SequenceTask) -> None:
        described = task.described
        count = count_parameters(task.model)
        print(f"{described.arch}, {count:,} parameters, into {self.folder.path}", file=sys.stderr)
        self.folder.write_text("config.yaml", self.config)
        facts = {
            "arch": described.arch,
            "arch_config": described.arch_config,
            **described.shape,
            **self.facts,
        }
        place = {"devices": trainer.world_size, "precision": str(trainer.precision)}
        created = self.folder.record.get("created", time.time())
        state = {"status": "running", "created": created, "finished": None, "error": ""}
        self.folder.update(**facts, **place, **state, parameters=count)

    def _record(self, trainer: Trainer, **fields: Any) -> None:
        if not trainer.is_global_zero:
            return
        self._beat = time.monotonic()
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        steps, seconds = trainer.global_step - self._first_step, self._seconds + running
        speed = {"train/steps_per_second": steps / seconds} if steps and seconds else {}
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.folder.update(step=trainer.global_step, metrics={**metrics, **speed}, **fields)

    def _store(self, trainer: Trainer, task: SequenceTask, split: str) -> None:
        if not trainer.is_global_zero:
            return
        assert self.start is not None  # the command line asks for a checkpoint
        step = int(checkpoint.read(self.start)["global_step"])
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.folder.log(step, 0, metrics)
        self.folder.update(metrics=metrics)
        if records := [record.to_dict() for record in task.evaluations[split].records]:  # type: ignore[union-attr]
            self.folder.write_probe(
                self.start, "retention.json", {"schema": 1, "step": step, "records": records}
            )
