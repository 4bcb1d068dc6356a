"""A learning rate that warms up and then falls to zero exactly when the training budget ends."""

from __future__ import annotations

from collections.abc import Callable

from lightning import Trainer
from lightning.pytorch.callbacks import Timer
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class WarmupDecay(LRScheduler):
    """Linear warm-up over steps, then linear decay over the budget (Li, Yumer & Ramanan 2020, Budgeted Training).

    The budget is the trainer's: steps, epochs or time, whichever ends first; without one the rate stays constant.

    Args:
        optimizer: whose learning rates are scaled.
        warmup_steps: steps from (nearly) zero to the full rate.
        last_epoch: the step to continue from; -1 begins.
    """

    def __init__(self, optimizer: Optimizer, warmup_steps: int = 100, last_epoch: int = -1) -> None:
        self.warmup_steps = warmup_steps
        self.progress: Callable[[], float] = no_progress
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:  # type: ignore[override]
        """Return the learning rate of each parameter group for the coming step."""
        warm = min(1.0, (self.last_epoch + 1) / max(1, self.warmup_steps))
        return [base * min(warm, max(0.0, 1.0 - self.progress())) for base in map(float, self.base_lrs)]

    def state_dict(self) -> dict[str, object]:
        """Return what a resume needs; the budget is the new trainer's."""
        return {key: value for key, value in super().state_dict().items() if key != "progress"}


def no_progress() -> float:
    """Stand in for a budget that never ends."""
    return 0.0


def follow(schedule: WarmupDecay, trainer: Trainer) -> None:
    """Let a schedule decay over the budget of a trainer: max_steps, max_epochs or max_time, whichever ends first."""
    steps = trainer.estimated_stepping_batches
    timers = [callback for callback in trainer.callbacks if isinstance(callback, Timer)]  # type: ignore[attr-defined]

    def progress() -> float:
        """Every process must see the same: their clocks differ, and so would their weights."""
        spent = max([0.0, *map(_time_spent, timers)])
        if timers and trainer.world_size > 1:
            spent = float(trainer.strategy.broadcast(spent))
        return max(trainer.global_step / steps, spent)

    schedule.progress = progress


def _time_spent(timer: Timer) -> float:
    """Return the share of a timer's duration that is over."""
    elapsed, remaining = timer.time_elapsed(), timer.time_remaining()
    return 0.0 if remaining is None else elapsed / max(elapsed + remaining, 1e-9)
