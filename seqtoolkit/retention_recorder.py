"""Memory while it forms: the horizons of chosen protocols against the step of training, at validations."""

from __future__ import annotations

import math
import sys
import time
from typing import Any, cast

import torch
from lightning import Callback, LightningModule, Trainer

from seqtoolkit import retention_data
from seqtoolkit.retention.capacity import ImpossibleCapacity
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.targets import contexts
from seqtoolkit.retention.view import Part, View, view
from seqtoolkit.retention_options import default_lags, parse_lags, parse_protocols
from seqtoolkit.retention_protocols import find_protocol, independent
from seqtoolkit.task import SequenceTask

DEAR = 0.2  # of the training: measuring that takes more is said at once,
FAIR = 0.1  # with what would make it this share


class RetentionRecorder(Callback):
    """Log `retention/<protocol>_horizon`, with its interval, while a model is trained; its cost is printed at the end.

    Where it takes much of the training, that is printed as soon as it is known, with what would make it less.

    Args:
        protocols: what is measured, such as `gradient` or `gradient,influence`; nothing when null.
        every: least steps of training from one measurement to the next; each is made at a validation.
        lags: 1,2,4,8 or 1:64; by default a grid up to half of `steps`.
        sequences: independent sequences for each measurement.
        steps: steps of these sequences.
        part: of a model with an encoder: decoder (when null) or encoder.
    """

    def __init__(
        self,
        protocols: str | None = None,
        every: int = 1,
        lags: str | None = None,
        sequences: int = 128,
        steps: int = 128,
        part: Part | None = None,
    ) -> None:
        self.protocols = () if protocols is None else parse_protocols(protocols)
        if "recall" in self.protocols:
            raise ValueError(
                "recall is logged at every validation as val/horizon; leave it out of the protocols"
            )
        for name, value, least in (("every", every, 1), ("sequences", sequences, 1), ("steps", steps, 2)):
            if value < least:
                raise ValueError(f"retention.{name} is {value}; expected {least} or more")
        self.lags = default_lags(steps) if lags is None else parse_lags(lags, steps)
        self.every, self.sequences, self.steps, self.part = every, sequences, steps, part
        self._refused: dict[str, str] = {}  # protocol: the reason that was said last
        self._last: int | None = None  # step of the latest measurement
        self._warned = False  # that it takes much
        self._count, self._seconds, self._trained = (
            0,
            0.0,
            0.0,
        )  # measurements, what they took, and training in all
        self._begun = 0.0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse a part that the model does not have, before anything is trained."""
        if self.protocols and stage == "fit":
            self._view(cast(SequenceTask, pl_module))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._begun = time.perf_counter()

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure, when training has come far enough."""
        step = trainer.global_step
        due = self._last is None or step >= self._last + self.every
        if not self.protocols or not due or trainer.sanity_checking or trainer.state.fn != "fit":
            return
        begun = time.perf_counter()
        for protocol in self.protocols:
            try:
                records = self._measure(cast(SequenceTask, pl_module), protocol)
            except Exception as error:  # whatever a measurement meets, training goes on
                self._refuse(protocol, step, error)
                continue
            pl_module.log_dict(_named(records[0]), sync_dist=True)
        self._last, self._count = step, self._count + 1
        self._seconds += time.perf_counter() - begun
        pl_module.log_dict(
            {"retention/seconds": self._seconds, "retention/share": self._share}, sync_dist=True
        )
        if self._share > DEAR and not self._warned and trainer.is_global_zero:
            self._warned = True
            print(f"retention: {self._dear(step)}", file=sys.stderr)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say what it cost."""
        if self._count and trainer.is_global_zero:
            what = f"{self._count} measurements of {', '.join(self.protocols)}"
            print(
                f"retention: {what} took {self._seconds:.1f} s, {self._share:.1%} of the training",
                file=sys.stderr,
            )

    def state_dict(self) -> dict[str, Any]:
        """Say when the latest measurement was, and what all took; a resumed run goes on from there."""
        if not self.protocols:
            return {}
        return {"last": self._last, "count": self._count, "seconds": self._seconds, "trained": self._all}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._last, self._count = state_dict["last"], state_dict["count"]
        self._seconds, self._trained = state_dict["seconds"], state_dict["trained"]

    @property
    def _all(self) -> float:
        """Return the seconds of training so far, those before a resumption among them."""
        return self._trained + (time.perf_counter() - self._begun if self._begun else 0.0)

    @property
    def _share(self) -> float:
        return self._seconds / max(self._all, 1e-9)

    def _dear(self, step: int) -> str:
        """Say what measuring takes so far, and how many steps apart it would take a fair share."""
        each, training = self._seconds / self._count, (self._all - self._seconds) / step
        every = _rounded(each * (1 - FAIR) / FAIR / max(training, 1e-9))
        return (
            f"a measurement takes {each:.1f} s, {self._share:.0%} of the training so far;"
            f" --retention.every {every} would make that about {FAIR:.0%}"
        )

    def _measure(self, task: SequenceTask, protocol: str) -> list[Record]:
        measure = find_protocol(protocol)
        with torch.inference_mode(False), torch.enable_grad():
            seen = self._view(task)
            if protocol != "truncation":
                inputs = independent(seen, self.sequences, self.steps, 0)
                records: list[Record] = measure(seen, inputs, list(self.lags), seed=0)
                return records
            batches = retention_data.batches(task.data, "val", self.sequences)
            return list(measure(seen, batches, contexts(seen, self.lags, batches), seed=0))

    def _view(self, task: SequenceTask) -> View:
        return view(task.model, self.part, loss=task.loss)

    def _refuse(self, protocol: str, step: int, error: Exception) -> None:
        """Say why nothing was measured, unless that was the reason before."""
        reason = str(error) if isinstance(error, (ValueError, ImpossibleCapacity)) else repr(error)
        if self._refused.get(protocol) != reason:
            self._refused[protocol] = reason
            print(f"retention: {protocol} at step {step}: {' '.join(reason.split())}", file=sys.stderr)


def _rounded(steps: float) -> int:
    """Round up to one digit and zeros."""
    unit: int = 10 ** max(0, math.floor(math.log10(max(steps, 1))))
    return math.ceil(steps / unit) * unit


def _named(record: Record) -> dict[str, float]:
    """Return what is logged of a curve: a horizon is never without its interval, and 1 where it is censored."""
    if record.horizon is None:
        return {}
    name, horizon = f"retention/{record.protocol}_horizon", record.horizon
    return {
        name: float(horizon.estimate),
        f"{name}_lower": float(horizon.lower),
        f"{name}_upper": float(horizon.upper),
        f"{name}_censored": float(horizon.censored),
    }
