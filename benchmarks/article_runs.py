"""The models of the article's study: which are trained, how, and what they left on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from jobs import Budget, Job, run_all, seqtoolkit, train, train_and_test

from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.runs import Run, read_metrics, read_probe, read_run

TASKS = ("recall", "g2p")
PROTOCOLS = ("decoding", "gradient", "influence")
PROBE = "--seeds 1 --sequences 256 --progress none"
CONTEXT = ("truncation",)  # of words to phonemes: on the run's own words
WORDS = "--seeds 1 --sequences 2000 --progress none"
TOKENS = 6_144  # in a training batch of recall, whatever the length
EVERY = 100  # steps between two validations
PER_LAG = {"val": 30, "test": 200}  # sequences for each lag
SHARES = {32: 0.6, 96: 0.8}  # of the longest training, for lags up to this; longer ones get all of it
G2P_SHARE = 0.16
LEARNED = 0.9  # validation recall at which a task counts as learned


@dataclass(frozen=True)
class Plan:
    """What is trained: every architecture, at every length, from every seed."""

    runs: Path
    architectures: Sequence[str]
    lengths: Sequence[int]  # the longest lag in training
    seeds: int
    rates: Sequence[float]  # learning rates, of which the validation split of the first seed chooses
    steps: int  # of the longest training; not seconds, which are worth less on a busy machine, and to slower models
    tasks: Sequence[str] = TASKS

    def recall(self, arch: str, length: int, seed: int, rate: float) -> Job:
        """Return one model of the recall task."""
        sequence = max(3 * length // 2, length + 16)
        batch = max(1, TOKENS // sequence)
        options: dict[str, object] = {
            "seed_everything": seed,
            "data.max_lag": length,
            "data.length": sequence,
            "data.batch_size": batch,
            "data.train_sequences": EVERY * batch,
            "data.val_per_lag": PER_LAG["val"],
            "data.test_per_lag": PER_LAG["test"],
            "data.seed": seed,
            "optimizer.lr": rate,
            "trainer.val_check_interval": EVERY,
        }
        share = next((share for longest, share in SHARES.items() if length <= longest), 1.0)
        name = f"recall-{length}-{arch}-lr{rate:g}-seed{seed}"
        return Job(self.runs / name, "recall", arch, self._budget(share), _words(options))

    def g2p(self, arch: str, seed: int) -> Job:
        """Return one model that learns to pronounce words."""
        options = _words({"seed_everything": seed, "data.seed": seed})
        return Job(self.runs / f"g2p-{arch}-seed{seed}", "g2p", arch, self._budget(G2P_SHARE), options)

    def rate(self, arch: str, length: int) -> float:
        """Return the learning rate at which the first seed has the lowest validation loss; the first when none has."""
        losses = {rate: best_loss(self.recall(arch, length, 0, rate).path) for rate in self.rates}
        return min(losses, key=lambda rate: losses[rate])

    def chosen(self, arch: str, length: int) -> list[Job]:
        """Return the models that are measured, one for each seed, all at the chosen learning rate."""
        rate = self.rate(arch, length)
        return [self.recall(arch, length, seed, rate) for seed in range(self.seeds)]

    @property
    def counted(self) -> str:
        """Say how many seeds there are."""
        return f"{self.seeds} seed{'s' * (self.seeds > 1)}"

    @property
    def cases(self) -> list[tuple[str, int]]:
        """List architectures and lengths of the recall task, the longest first: it takes most time."""
        lengths = sorted(self.lengths, reverse=True) if "recall" in self.tasks else []
        return [(arch, length) for length in lengths for arch in self.architectures]

    def recalls(self) -> list[Job]:
        """List the models of the recall task that are measured; their learning rates must have been tried."""
        return [job for case in self.cases for job in self.chosen(*case)]

    def probed(self) -> list[Job]:
        """List the models that all other protocols measure too: those of the middle length."""
        middle = sorted(self.lengths)[len(self.lengths) // 2]
        return [job for arch, length in self.cases if length == middle for job in self.chosen(arch, length)]

    def pronounces(self) -> dict[tuple[str, int], Job]:
        """List the models of words to phonemes by architecture and seed."""
        seeds = range(self.seeds) if "g2p" in self.tasks else []
        return {(arch, seed): self.g2p(arch, seed) for seed in seeds for arch in self.architectures}

    def train(self) -> list[str]:
        """Train and test whatever is missing; return what went wrong."""
        first = [self.recall(*case, 0, rate) for case in self.cases for rate in self.rates]
        failures = run_all(first, train)
        return failures + run_all([*self.recalls(), *self.pronounces().values()], train_and_test)

    def _budget(self, share: float) -> Budget:
        return Budget(max(1, round(share * self.steps)), "steps")


@dataclass(frozen=True)
class Result:
    """One model, trained and measured."""

    arch: str
    length: int  # the longest lag in training; 0 for words to phonemes
    seed: int
    rate: float
    run: Run
    records: list[Record]
    learned: int | None  # steps of training until validation recall reached LEARNED

    @property
    def recall(self) -> Record | None:
        """The recall curve on the test split."""
        return next((record for record in self.records if record.protocol == "recall"), None)

    @property
    def horizon(self) -> Horizon | None:
        """How far back it recalls."""
        return None if self.recall is None else self.recall.horizon

    @property
    def missed(self) -> float | None:
        """The share of wrong answers, over all lags of the test alike."""
        return None if self.recall is None else 1 - fmean(self.recall.estimate)

    @property
    def solved(self) -> bool:
        """Whether it recalls at every lag that it was trained on."""
        return self.horizon is not None and self.horizon.estimate >= self.length


def read_recall(plan: Plan) -> list[Result]:
    """Read the measured models of the recall task, the shortest lengths first."""
    return [
        _read(job, arch, length, seed, plan.rate(arch, length))
        for arch, length in sorted(plan.cases, key=lambda case: case[1])
        for seed, job in enumerate(plan.chosen(arch, length))
    ]


def read_g2p(plan: Plan) -> list[Result]:
    """Read the measured models of words to phonemes."""
    return [_read(job, arch, 0, seed, 0.0) for (arch, seed), job in sorted(plan.pronounces().items())]


def measure(job: Job) -> str:
    """Measure a model of recall by the other protocols, where they are missing; return what went wrong."""
    return _measured(job, protocols, PROBE)


def measure_words(job: Job) -> str:
    """Measure how much context helps a model that pronounces words; return what went wrong."""
    return _measured(job, lambda _: CONTEXT, WORDS)


def _measured(job: Job, asked: Callable[[Path], Sequence[str]], how: str) -> str:
    if not job.best.exists():
        return ""  # its training has failed, which is said already
    names = asked(job.best)
    if {record.protocol for record in records(job.path)}.issuperset(names):
        return ""
    print(f"{job.path}: measuring {', '.join(names)}", flush=True)
    return seqtoolkit(job, "retention", str(job.best), "--protocols", ",".join(names), *how.split())


def protocols(path: Path) -> list[str]:
    """Name the protocols that a checkpoint allows: time constants only where its architecture traces them."""
    import torch

    from seqtoolkit import checkpoint
    from seqtoolkit.retention.view import view

    traces = view(checkpoint.load(path).model).trace(torch.zeros(1, 2, dtype=torch.long))
    gated = any("retention" in trace for trace in traces)
    return [*PROTOCOLS, "timescale"] if gated else [*PROTOCOLS]


def best_loss(path: Path) -> float:
    """Return the lowest validation loss of a run; infinite when there is none."""
    return min((row["val/loss"] for row in read_metrics(path) if "val/loss" in row), default=float("inf"))


def best_recall(path: Path) -> float:
    """Return the highest validation recall of a run, over the lags of its training; not a number without any."""
    rows = (row["val/recall_accuracy"] for row in read_metrics(path) if "val/recall_accuracy" in row)
    return max(rows, default=float("nan"))


def records(path: Path) -> list[Record]:
    """Return all retention records of a run's best checkpoint; none where they cannot be read."""
    try:
        found = (read_probe(path, "best") or {}).get("records")
        return [Record.from_dict(record) for record in found] if isinstance(found, list) else []
    except (OSError, ValueError):
        return []


def _read(job: Job, arch: str, length: int, seed: int, rate: float) -> Result:
    return Result(arch, length, seed, rate, read_run(job.path), records(job.path), _learned(job.path))


def _learned(path: Path) -> int | None:
    rows = read_metrics(path)
    return next(
        (int(row["step"]) + 1 for row in rows if row.get("val/recall_accuracy", 0.0) >= LEARNED), None
    )


def _words(options: dict[str, object]) -> tuple[str, ...]:
    return tuple(word for name, value in options.items() for word in (f"--{name}", str(value)))
