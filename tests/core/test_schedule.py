"""The learning rate warms up, and reaches zero exactly when the budget ends, whatever the budget is."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Timer

from seqtoolkit.schedule import WarmupDecay, follow


def rates(schedule: WarmupDecay, steps: int, trainer: Any = None) -> list[float]:
    seen = []
    for step in range(steps):
        if trainer is not None:
            trainer.global_step = step
        seen.append(schedule.optimizer.param_groups[0]["lr"])
        schedule.optimizer.step()
        schedule.step()
    return seen


def build(**options: int) -> WarmupDecay:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    return WarmupDecay(optimizer, **options)


def test_warms_up_and_stays_without_a_budget() -> None:
    assert rates(build(warmup_steps=4), 6) == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0, 2.0])


def test_decays_over_the_steps_of_the_trainer() -> None:
    schedule = build(warmup_steps=0)
    trainer = SimpleNamespace(estimated_stepping_batches=10, global_step=0, callbacks=[])
    follow(schedule, cast(Trainer, trainer))
    assert rates(schedule, 11, trainer)[1:] == pytest.approx([2.0 * (1 - step / 10) for step in range(10)])


@pytest.mark.parametrize(("elapsed", "share"), [(0.0, 1.0), (15.0, 0.75), (60.0, 0.0), (90.0, 0.0)])
def test_decays_over_the_time_of_the_trainer(elapsed: float, share: float) -> None:
    timer = Timer(duration=timedelta(seconds=60))
    timer.time_elapsed = lambda stage="train": elapsed  # type: ignore[method-assign,assignment,misc]
    schedule = build(warmup_steps=0)
    trainer = SimpleNamespace(
        estimated_stepping_batches=float("inf"), global_step=5, callbacks=[timer], world_size=1
    )
    follow(schedule, cast(Trainer, trainer))
    schedule.optimizer.step()
    schedule.step()
    assert schedule.optimizer.param_groups[0]["lr"] == pytest.approx(2.0 * share)


def test_state_is_plain_and_round_trips() -> None:
    schedule = build(warmup_steps=4)
    rates(schedule, 3)
    assert "progress" not in schedule.state_dict()
    other = build(warmup_steps=4)
    other.load_state_dict(schedule.state_dict())
    assert other.last_epoch == 3
    assert rates(other, 2)[1:] == rates(schedule, 2)[1:]
