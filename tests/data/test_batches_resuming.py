"""Batches go on where they were left, also by Lightning, and begin anew when an iteration is given up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.batches import Batches
from tests.data.batches_made import numbered, rows


def test_an_iteration_that_is_left_begins_anew() -> None:
    batches = Batches(numbered([4] * 20), 8, seed=0)
    assert rows([next(iter(batches))]) == rows([next(iter(batches))])
    assert len(list(batches)) == 10


def test_state_continues_after_the_last_batch() -> None:
    batches = Batches(numbered([4] * 20), 8, seed=0)
    batches.set_epoch(2)
    iterator = iter(batches)
    first = [next(iterator) for _ in range(3)]
    resumed = Batches(numbered([4] * 20), 8, seed=0)
    resumed.load_state_dict(batches.state_dict())
    resumed.set_epoch(2)
    assert resumed.state_dict() == batches.state_dict()
    assert rows(first + list(resumed)) == rows(first + list(iterator))
    assert len(list(resumed)) == 10  # and only once


class Listener(lightning.LightningModule):
    """Trains one number, and writes down which examples it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen: list[list[int]] = []

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        self.seen += rows([batch])
        return self.weight.sum()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        pass

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Saver(lightning.Callback):
    """Save at one step: at the end of a batch, or at the end of the validation, as ModelCheckpoint does."""

    def __init__(self, step: int, path: str, after_validation: bool) -> None:
        self.step, self.path, self.after_validation = step, path, after_validation

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.global_step == self.step and not self.after_validation:
            trainer.save_checkpoint(self.path)

    def on_validation_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.global_step == self.step and self.after_validation:
            trainer.save_checkpoint(self.path)


def train(saver: Saver | None = None, ckpt_path: str | None = None, **options: Any) -> list[list[int]]:
    """Train for three epochs of 8 batches; return the examples of every batch."""
    listener = Listener()
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=3,
        callbacks=saver,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        **options,
    )
    examples = numbered([3, 5, 8, 4] * 6)
    trainer.fit(listener, Batches(examples, 16, seed=1), Batches(examples, 16), ckpt_path=ckpt_path)
    return listener.seen


@pytest.mark.filterwarnings("ignore:`isinstance:FutureWarning")  # lightning 2.6.6 with torch 2.13
@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize(
    ("step", "limit"), [(1, 1.0), (7, 1.0), (8, 1.0), (9, 1.0), (16, 1.0), (3, 5), (5, 5), (6, 5)]
)
def test_lightning_resumes_at_the_exact_next_batch(
    tmp_path: Path, step: int, validated: bool, limit: float
) -> None:
    options = {"limit_train_batches": limit, "val_check_interval": 1 if validated else 1.0}
    path = str(tmp_path / "middle.ckpt")
    whole = train(Saver(step, path, validated), **options)
    assert len(whole) == 3 * (8 if limit == 1.0 else 5)
    assert train(ckpt_path=path, **options) == whole[step:]
