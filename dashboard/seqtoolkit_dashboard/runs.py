"""The index of a runs folder: runs, checkpoints and probes are looked up in it, never joined into paths."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, TypeVar

from seqtoolkit import data_record
from seqtoolkit.compare import store as compare_store
from seqtoolkit.data_record import DataSummary
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run, list_runs, read_metrics, read_run
from seqtoolkit_dashboard import probes
from seqtoolkit_dashboard.cache import FileCache, stamp
from seqtoolkit_dashboard.probes import Probe

T = TypeVar("T")

Series = dict[str, tuple[list[float], list[float]]]  # the steps and values of each metric


@dataclass(frozen=True)
class Selection:
    """The runs that a view names, and the names that are no runs."""

    runs: list[Run]
    unknown: list[str]


class RunIndex:
    """All runs below one folder; what has not changed on disk is not read again."""

    def __init__(self, runs_dir: Path) -> None:
        self.root = runs_dir.resolve()
        self._record = FileCache(lambda file: read_run(file.parent), limit=4096)
        self._series = FileCache(lambda file: _columns(read_metrics(file.parent)), limit=256)
        self.retention, self.findings = probes.retention(), probes.findings()
        self.lengths, self.alignments = probes.lengths(), probes.alignments()
        self.qualities, self.confusions = probes.qualities(), probes.confusions()
        self.examples = probes.examples()
        self._comparison = FileCache(lambda file: compare_store.read(file.parent), limit=16)
        self._data = FileCache(lambda file: data_record.read(file.parent), limit=64)

    def runs(self) -> list[Run]:
        """List every run, the newest first; none when the folder cannot be listed."""
        try:
            found = list_runs(self.root, self._read)
        except OSError:
            return []
        return sorted(found, key=lambda run: (-(run.created or 0.0), run.id))

    def select(self, ids: Iterable[str], fits: Callable[[Run], bool] = lambda run: True) -> Selection:
        """Look runs up by id; no ids means a choice to begin with, among the runs that fit.

        That choice is the newest run of each kind of model, on the task of the newest of all.
        """
        known = {run.id: run for run in self.runs()}
        wanted = list(ids)
        if not wanted:
            return Selection(_newest_of_each(run for run in known.values() if fits(run)), [])
        return Selection([known[i] for i in wanted if i in known], [i for i in wanted if i not in known])

    def series(self, run: Run) -> Series:
        """Read the metrics of a run by name; empty when there are none, or none that can be read."""
        file = self._inside(run.path / "metrics.jsonl")
        try:
            return self._series(file) if file else {}
        except OSError:
            return {}

    def probed(self, run: Run, probe: Probe[Any] | None = None) -> list[str]:
        """Name the checkpoints (their stems) of a run that have records of a kind (retention), best and last first."""
        needed = ("manifest.json", (probe or self.retention).file)
        found = [
            f.name for f in _listed(run.path / "probes") if all(self._inside(f / name) for name in needed)
        ]
        return sorted(found, key=lambda stem: ({"best": 0, "last": 1}.get(stem, 2), stem))

    def trained(self, run: Run) -> list[str]:
        """Name the checkpoints of a run that have retention records, in the order of training as far as it is known."""
        steps = {stem: self.retention.step(run.path / "probes" / stem) for stem in self.probed(run)}
        return sorted(steps, key=lambda stem: (steps[stem] is None, steps[stem], stem))

    def records(self, run: Run, checkpoint: str) -> list[Record]:
        """Read the retention records of a checkpoint, see `read`."""
        return self.read(run, checkpoint, self.retention)

    def read(self, run: Run, checkpoint: str, probe: Probe[T]) -> list[T]:
        """Read the records of a kind that are stored with a checkpoint; none when it has none.

        Raises ValueError when they are there and cannot be understood.
        """
        if checkpoint not in self.probed(run, probe):
            return []
        return probe.records(run.path / "probes" / checkpoint)

    def has_data(self, run: Run) -> bool:
        """Say whether it is stored what the training data of a run look like."""
        return self._inside(run.path / data_record.NAME) is not None

    def data(self, run: Run) -> DataSummary | None:
        """Read what the training data of a run look like; None where that is not stored.

        Raises ValueError when it is there and cannot be understood.
        """
        file = self._inside(run.path / data_record.NAME)
        return self._data(file) if file else None

    def comparisons(self) -> list[str]:
        """Name the folders that hold a comparison, the newest first; "." is this folder itself."""
        found = {".": self.root, **{folder.name: folder for folder in _listed(self.root)}}
        files = {name: self._inside(folder / compare_store.NAME) for name, folder in found.items()}
        times = {name: stamp(file)[0] for name, file in files.items() if file}
        return sorted(times, key=lambda name: (-times[name], name))

    def comparison(self, name: str) -> dict[str, Any]:
        """Read one of `comparisons`.

        Raises ValueError when it cannot be understood.
        """
        found = self._comparison(self.root / name / compare_store.NAME)
        if found is None:
            raise ValueError(f"{name}: its {compare_store.NAME} is gone")
        return found

    def comparison_version(self, name: str) -> str:
        """Return a text that changes whenever there are other comparisons, or this one has changed."""
        known = self.comparisons()
        return str(hash((*known, stamp(self.root / name / compare_store.NAME) if name in known else None)))

    def checkpoint(self, run: Run, stem: str) -> Path | None:
        """Look a checkpoint file of a run up by its stem."""
        return {path.stem: path for path in self.checkpoints(run)}.get(stem)

    def checkpoints(self, run: Run) -> list[Path]:
        """List the checkpoint files of a run, best and last first."""
        return [path for path in run.checkpoints if self._inside(path)]

    def version(self, runs: Iterable[Run]) -> str:
        """Return a text that changes whenever a file that a page draws from has changed."""
        return str(hash(tuple((run.id, run.status, *map(stamp, self._drawn_from(run))) for run in runs)))

    def _drawn_from(self, run: Run) -> list[Path]:
        manifests = [folder / "manifest.json" for folder in _listed(run.path / "probes")]
        return [*(run.path / name for name in ("run.json", "metrics.jsonl", data_record.NAME)), *manifests]

    def _read(self, path: Path) -> Run:
        """Read one run folder; while it trains each time, because its status depends on its process."""
        run = self._record(path / "run.json")
        return read_run(path) if run.record.get("status") == "running" else run

    def _inside(self, path: Path) -> Path | None:
        """Return a file that exists and, links followed, lies in the runs folder."""
        try:
            return path if path.is_file() and path.resolve().is_relative_to(self.root) else None
        except OSError:
            return None


def note(run: Run) -> str:
    """Say what a person should know about a run: why it failed, or which plugin it needs."""
    error, missing = run.error.replace(f"{run.path.parent}/", ""), ""
    if run.status == "unreadable" and not error:
        status = f"{run.record.get('status')!r:.40}"
        error = f"{run.id}/run.json: its status is {status}, expected 'running', 'finished' or 'crashed'"
    if run.plugin and not _installed(run.plugin.rpartition(" ")[0]):
        missing = f"its checkpoints need the plugin {run.plugin} (for {run.arch}), which is not installed"
    return "; ".join(text for text in (error, missing) if text)


@functools.lru_cache(maxsize=256)
def _installed(name: str) -> bool:
    try:
        return bool(distribution(name).version)
    except (PackageNotFoundError, ValueError):
        return False


def _newest_of_each(runs: Iterable[Run]) -> list[Run]:
    readable = [run for run in runs if run.status != "unreadable"]
    newest: dict[str, Run] = {}
    for run in readable:
        if run.task == readable[0].task:
            newest.setdefault(run.label, run)
    return [newest[label] for label in sorted(newest)]


def _columns(rows: list[dict[str, float]]) -> Series:
    """Turn rows into the steps and values of each metric, which are smaller and what figures want."""
    series: Series = {}
    for row in rows:
        for name in row.keys() - {"step", "epoch", "time"}:
            steps, values = series.setdefault(name, ([], []))
            steps.append(row["step"])
            values.append(row[name])
    return series


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []
