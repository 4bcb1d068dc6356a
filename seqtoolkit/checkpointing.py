"""How checkpoints are written: whole or not at all, two for each run, and good wherever the run folder goes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import Trainer
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH
from lightning.pytorch.callbacks import ModelCheckpoint

from seqtoolkit.files import write_atomically


class AtomicCheckpointIO(TorchCheckpointIO):
    """Save a checkpoint whole or not at all (Lightning's own writer moves it across file systems)."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any | None = None
    ) -> None:
        """Write under a temporary name beside the target, then replace."""
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(Path(path), buffer.getbuffer())


class RunCheckpoint(ModelCheckpoint):
    """Keep two checkpoints of a run: best.ckpt, by a validation metric, and last.ckpt, after every validation.

    Args:
        monitor: the metric by which the best is chosen, such as val/loss; null keeps the latest instead.
        mode: whether less (min) or more (max) of it is better.
    """

    def __init__(self, monitor: str | None = "val/loss", mode: Literal["min", "max"] = "min") -> None:
        super().__init__(
            filename="best", monitor=monitor, mode=mode, save_last=True, enable_version_counter=False
        )
        self.after_best: Callable[[Path], None] | None = None  # called once best.ckpt is there

    def _save_checkpoint(self, trainer: Trainer, filepath: str) -> None:
        super()._save_checkpoint(trainer, filepath)
        if self.after_best is not None and Path(filepath).stem == "best":
            self.after_best(Path(filepath))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember the best score of this folder, which may have been moved; begin anew in another run's folder."""
        here = Path(str(self.dirpath))

        def moved(path: str) -> str:
            return str(here / Path(path).name) if path else path

        if not Path(moved(state_dict["best_model_path"])).is_file():
            return
        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        best = {moved(path): score for path, score in state_dict["best_k_models"].items()}
        changed = {name: moved(state_dict[name]) for name in paths}
        super().load_state_dict({**state_dict, **changed, "best_k_models": best, "dirpath": self.dirpath})
