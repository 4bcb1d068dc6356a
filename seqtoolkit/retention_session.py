"""One checkpoint being measured: what there is to do, what is stored already, and each curve stored at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch

from seqtoolkit import retention_data, retention_store
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.choice import owners
from seqtoolkit.losses import Loss
from seqtoolkit.retention.capacity import ImpossibleCapacity
from seqtoolkit.retention.drive import check_causal
from seqtoolkit.retention.measured import finite
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.statistics import LEAST
from seqtoolkit.retention.targets import contexts
from seqtoolkit.retention.twin import of_twin, twin
from seqtoolkit.retention.view import View, view
from seqtoolkit.retention_asked import asked_of, differences, question
from seqtoolkit.retention_options import Options
from seqtoolkit.retention_protocols import find_protocol, independent
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import Run, read_run


@dataclass(frozen=True)
class Job:
    """One measurement: a protocol with a seed, of the checkpoint or of its untrained twin."""

    protocol: str
    seed: int
    twin: bool


@dataclass
class Session:
    """A checkpoint, its run when it has one, and what was measured of it."""

    checkpoint: Checkpoint
    digest: str  # of its file
    folder: RunFolder | None
    options: Options
    records: list[Record] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)  # protocol: why
    reused: int = 0
    written: bool = False  # whether anything that was measured is stored
    replaced: list[Record] = field(default_factory=list)  # stored curves that give way to those measured now
    _held: dict[str, list[Record]] = field(default_factory=dict)  # protocol: measured, and not stored yet

    @property
    def name(self) -> str:
        """Name the checkpoint: "lstm-1/best"."""
        path = self.checkpoint.path
        return f"{self.folder.path.name}/{path.stem}" if self.folder else str(path)

    @property
    def run(self) -> Run | None:
        """Return the run that the checkpoint belongs to."""
        return read_run(self.folder.path) if self.folder else None

    @property
    def jobs(self) -> list[Job]:
        """List the measurements, seed by seed, so that the first round tells how long the others take."""
        twins = (False, True) if self.options.twin else (False,)
        return [
            Job(protocol, seed, of_twin)
            for seed in range(self.options.seeds)
            for protocol in self.options.protocols
            for of_twin in twins
            if protocol != "recall" or of_twin or seed == 0  # its questions are the data's, whatever the seed
        ]

    def begin(self) -> list[Job]:
        """Refuse what cannot be measured, take what is stored already, and return what is left to do.

        Raises ValueError for a model that is not causal, and for named protocols that this checkpoint does not allow.
        """
        seen = self.view()
        inputs = independent(seen, 8, self.options.steps, 0)
        with torch.no_grad():
            finite(seen, seen.features(seen.embed(inputs)))
        check_causal(seen, inputs)
        for protocol in self.options.protocols:
            self._attempt(protocol, lambda p=protocol: self._possible(p))
        before = self._stored()
        stored = [] if self.options.again else before
        left = []
        for job in self.jobs:
            if job.protocol in self.skipped:
                continue  # without its data it is not known whether what is stored still holds
            found = [record for record in stored if self._fits(record, job)]
            self.records = retention_store.merge(self.records, found)
            self.reused += bool(found)
            if not found:
                left.append(job)
        again = {job.protocol for job in left}
        self.replaced = [record for record in before if record.protocol in again and self._gives_way(record)]
        return left

    @property
    def differences(self) -> list[str]:
        """Name what is asked otherwise now than of the curves that are replaced: data, lags, ..."""
        return differences((record, self._asked(record.protocol)) for record in self.replaced)

    def measure(self, job: Job) -> None:
        """Do one measurement and store it.

        Raises ValueError when it cannot be done and was asked for by name; else the reason is kept in `skipped`.
        """
        if job.protocol not in self.skipped:
            self._attempt(job.protocol, lambda: self._measure(job))

    def _attempt(self, protocol: str, action: Any) -> None:
        try:
            action()
        except ValueError as error:
            if self.options.explicit:
                raise ValueError(f"{self.name}: {protocol}: {error}") from None
            self.skipped[protocol] = str(error)
        except ImpossibleCapacity as error:
            raise ImpossibleCapacity(f"{self.name}: {protocol}: {error}") from None

    def _measure(self, job: Job) -> None:
        records = [self._marked(record, job) for record in self._call(job)]
        if job.twin:
            records = of_twin(records)
        self.records = retention_store.merge(self.records, records)
        if self.folder is not None:
            self._store(self.folder, job, records)

    def _store(self, folder: RunFolder, job: Job, records: list[Record]) -> None:
        """Store what was measured; where others give way to it, with its twin: until then nothing is lost."""
        records = self._held.pop(job.protocol, []) + records
        if self.options.twin and not job.twin and job.seed == 0 and self._replaces(job.protocol):
            self._held[job.protocol] = records
            return
        split = self.options.split if job.protocol == "recall" else ""
        where, step = self.checkpoint.path, self.checkpoint.step
        retention_store.write(folder, where, step, records, split, self.digest)
        self.written = True

    def _call(self, job: Job) -> list[Record]:
        """Call the protocol: with the same numbers whenever it is called for this checkpoint and these options."""
        options, seen = self.options, self.view(job.seed if job.twin else None)
        protocol = find_protocol(job.protocol)
        if job.protocol == "recall":
            metric = self._data.metrics(options.split)["recall"]
            given = {"chance": metric.chance, "settings": metric.settings, "seed": job.seed}
            found = retention_data.batches(self._data, options.split)
            records: list[Record] = protocol(seen, found, metric.lags, **given)
        elif job.protocol == "truncation":
            found = retention_data.batches(self._data, options.split, options.count(job.protocol), job.seed)
            name = f"{self.checkpoint.task}/{options.split}"
            records = protocol(seen, found, contexts(seen, options.lags, found), seed=job.seed, drive=name)
        else:
            inputs = independent(seen, options.count(job.protocol), options.steps, job.seed)
            records = protocol(seen, inputs, list(options.lags), seed=job.seed)
        return records

    def _marked(self, record: Record, job: Job) -> Record:
        return replace(
            record, seed=job.seed, settings={**record.settings, "asked": self._asked(job.protocol)}
        )

    def _asked(self, protocol: str) -> dict[str, Any]:
        data = self._data_digest if protocol in retention_data.NEEDS_DATA else ""
        return question(protocol, self.options, self.digest, data, owners(self.checkpoint.described.chosen))

    def _fits(self, record: Record, job: Job) -> bool:
        of_twin = bool(record.settings.get("twin"))
        same = (record.protocol, record.seed, of_twin) == (job.protocol, job.seed, job.twin)
        return same and asked_of(record) == self._asked(job.protocol)

    def _gives_way(self, record: Record) -> bool:
        """Say whether a stored curve answers another question than that asked now; another split has its own curve."""
        was, now = asked_of(record), self._asked(record.protocol)
        apart = record.protocol == "truncation" and was.get("split") != now["split"]
        return bool(was) and was != now and not apart

    def _replaces(self, protocol: str) -> bool:
        return any(record.protocol == protocol for record in self.replaced)

    def known(self) -> list[Record]:
        """Return what is known of this part of the checkpoint as it is now, whichever command measured it."""
        return retention_store.merge(self._stored(self.digest), self.records)

    def _stored(self, digest: str = "") -> list[Record]:
        """Read the curves of this part of the checkpoint; with a digest, as `retention_store.read` does."""
        if self.folder is None:
            return []
        part, checkpoint = self.view().part, self.checkpoint
        found = retention_store.read(self.folder.path, checkpoint.path.stem, checkpoint.step, digest)
        return [record for record in found if record.settings.get("part") == part]

    def _possible(self, protocol: str) -> None:
        """Raise ValueError when a protocol cannot be measured of this model, however it is asked."""
        if protocol == "timescale":  # asked for as little as can be: an architecture without gates has none
            seen = self.view()
            find_protocol(protocol)(seen, independent(seen, LEAST, 2, 0), [1])
        if protocol not in retention_data.NEEDS_DATA:
            return
        task = self.checkpoint.task
        if protocol == "recall" and task != "recall":
            raise ValueError(
                f"the model was trained on {task or 'another task'}; recall needs --data RecallData"
            )
        assert self._data is not None

    def view(self, seed: int | None = None) -> View:
        """Look at the checkpoint, or at the twin of a seed, on the device that was asked for."""
        model = self.checkpoint.model if seed is None else twin(self.checkpoint.described, seed)
        loss = Loss.of(self.checkpoint.described.spec)
        return view(model.to(self._device), self.options.part, loss=loss)  # type: ignore[arg-type]

    @property
    def _device(self) -> torch.device:
        name = self.options.device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            return torch.empty(0, device=name).device
        except (RuntimeError, AssertionError) as error:
            raise ValueError(f"--device {name}: {str(error).splitlines()[0]}") from None

    @cached_property
    def _data(self) -> Any:
        return retention_data.open_data(self.checkpoint, self.folder.path if self.folder else None)

    @cached_property
    def _data_digest(self) -> str:
        return retention_data.digest(self._data, self.folder.path) if self.folder else ""
