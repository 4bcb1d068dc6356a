"""What happens in training, written to a run folder: a logger and one callback. Only the first process writes."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from seqtoolkit import data_summary
from seqtoolkit.checkpointing import RunCheckpoint
from seqtoolkit.evaluation import Evaluation
from seqtoolkit.evaluation_store import store
from seqtoolkit.model import count_parameters
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.task import SequenceTask

HEARTBEAT = 2.0  # seconds between updates of run.json


def step_seed(seed: int, step: int, process: int = 0) -> int:
    """Return the seed of what is drawn in one training step of one process (dropout)."""
    return (seed * 1_000_003 + step) * 1009 + process


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
    """Keep run.json true while training goes on.

    Args:
        folder: the run folder; taken before training, written to only when training truly begins.
        facts: fields of run.json that are known before training (task, plugin, seed, versions, config hash).
        config: the fully expanded configuration, for config.yaml.
        start: the checkpoint from which training goes on.
    """

    def __init__(
        self, folder: RunFolder, facts: dict[str, Any], config: str, start: Path | None = None
    ) -> None:
        self.folder, self.facts, self.config, self.start = folder, facts, config, start
        self._beat = self._seconds = 0.0  # last heartbeat; training time without validation
        self._since: float | None = None  # when the training clock was last started
        self._first_step: int | None = None  # None: training has not begun

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Take the run folder (first process), and let every process save checkpoints there.

        Raises ValueError on every process when the folder cannot be taken.
        """
        self.folder.path = trainer.strategy.broadcast(self.folder.path.resolve())
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, RunCheckpoint):
                callback.dirpath = str(self.folder.path / "checkpoints")
                callback.after_best = partial(self._store_lengths, trainer)
        problem = trainer.strategy.broadcast(self._take() if trainer.is_global_zero else "")
        if problem:
            raise ValueError(problem)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write what this run is, and start the clock."""
        if trainer.is_global_zero:
            self._begin(trainer, cast(SequenceTask, pl_module))
        self._first_step, self._since = trainer.global_step, time.perf_counter()

    def on_train_batch_start(self, trainer: Trainer, *args: Any) -> None:
        """Draw dropout from the seed and the step, so that a resumed run equals one that never stopped."""
        seed = step_seed(int(self.facts["seed"]), trainer.global_step, trainer.global_rank)
        # torch.manual_seed takes half a millisecond: it formats the stack for each kind of device that is not in use.
        torch.default_generator.manual_seed(seed)
        device = trainer.strategy.root_device
        if device.type != "cpu":
            torch.get_device_module(device).manual_seed(seed)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *args: Any
    ) -> None:
        """Show that the run lives, stop when the loss is no number, and validate what max_steps ends with."""
        if trainer.global_step == trainer.max_steps:
            trainer.should_stop = True
        if trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self._check(trainer, outputs["loss"])
        self._pulse(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the training clock."""
        if self._since is not None:
            self._seconds, self._since = self._seconds + time.perf_counter() - self._since, None

    def on_validation_batch_end(self, trainer: Trainer, *args: Any) -> None:
        """Show that the run lives."""
        self._pulse(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record what was measured, and start the clock again."""
        if self._first_step is not None:
            self._record(trainer)
            self._since = time.perf_counter()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Mark the run as finished."""
        self._record(trainer, status="finished", finished=time.time())

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say so when there was nothing left to train."""
        if self._first_step is None and trainer.is_global_zero:
            print(f"{self.folder.path} is finished; to train on, raise --trainer.max_epochs", file=sys.stderr)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Mark the run as crashed, say why, and give the folder back."""
        stopped = isinstance(exception, KeyboardInterrupt)
        if self.folder.owned and self._first_step is not None:
            error = "interrupted" if stopped else f"{type(exception).__name__}: {exception}"[:500]
            self._record(trainer, status="crashed", error=error)
        last = self.folder.path / "checkpoints" / "last.ckpt"
        if stopped and last.exists() and trainer.is_global_zero:
            print(f"\ninterrupted; go on with: seqtoolkit fit --ckpt_path {last}", file=sys.stderr)
        self.folder.close()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give the folder back."""
        self.folder.close()

    def _take(self) -> str:
        """Take the folder; return what is in the way, or nothing."""
        continues = self.start is not None and self.start.resolve().parent.parent == self.folder.path
        try:
            self.folder.open(create=not continues)
        except (ValueError, OSError) as error:
            return str(error)
        return ""

    def _begin(self, trainer: Trainer, task: SequenceTask) -> None:
        described, count = task.described, count_parameters(task.model)
        print(f"{described}, {count:,} parameters, into {self.folder.path}", file=sys.stderr)
        self.folder.write_text("config.yaml", self.config)
        what = {**described.chosen, **self.facts}
        place = {"devices": trainer.world_size, "precision": str(trainer.precision)}
        created = self.folder.record.get("created", time.time())
        state = {"status": "running", "created": created, "finished": None, "error": ""}
        self.folder.update(**what, **place, **state, parameters=count, step=trainer.global_step)
        data, split = (
            cast(Any, task.data),
            {"train": trainer.train_dataloader, "val": trainer.val_dataloaders},
        )
        try:
            data_summary.store(self.folder.path, data.spec, cast(Any, split), data.test_dataloader)
        except Exception as error:  # whatever looking at the data meets, training goes on
            print(f"no page of the data: {type(error).__name__}: {error}", file=sys.stderr)

    def _check(self, trainer: Trainer, loss: torch.Tensor) -> None:
        if not torch.isfinite(loss):
            rate = trainer.optimizers[0].param_groups[0]["lr"]
            raise ValueError(
                f"the training loss is {loss.item()} at step {trainer.global_step}, learning rate {rate:.2g}: "
                f"try a lower --optimizer.lr; the checkpoints before it are kept"
            )

    def _pulse(self, trainer: Trainer) -> None:
        if self._first_step is not None and time.monotonic() - self._beat > HEARTBEAT:
            self._record(trainer)

    def _store_lengths(self, trainer: Trainer, best: Path) -> None:
        """Keep the curves by source length of the validation that found the best checkpoint."""
        whole = isinstance(trainer.limit_val_batches, float) and trainer.limit_val_batches == 1.0
        if trainer.is_global_zero and self.folder.owned and whole:
            evaluation = cast(SequenceTask, trainer.lightning_module).evaluations["val"]
            curves = [one for one in cast(Evaluation, evaluation).records if isinstance(one, LengthRecord)]
            store(self.folder, best, curves, "val", trainer.global_step)

    def _record(self, trainer: Trainer, **fields: Any) -> None:
        if not trainer.is_global_zero:
            return
        self._beat = time.monotonic()
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        steps, seconds = trainer.global_step - (self._first_step or 0), self._seconds + running
        speed = {"train/steps_per_second": steps / seconds} if steps and seconds else {}
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.folder.update(step=trainer.global_step, metrics={**metrics, **speed}, **fields)
