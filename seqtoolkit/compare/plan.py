"""What a comparison consists of: what was asked, what follows from it, and which runs that means. Imports no torch."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from seqtoolkit.compare.budget import Budget
from seqtoolkit.compare.options import FACTORS, Options
from seqtoolkit.data.opened import sha256_of
from seqtoolkit.files import read_json, write_json

SCHEMA = 1
NAME = "plan.json"
MOST = 0.75  # of the longest history
LONGEST = 512  # lag of a horizon, and context of the memory


@dataclass(frozen=True)
class Plan:
    """What stays the same when a comparison is taken up again; more architectures and seeds may come."""

    asked: dict[str, Any]  # must be the same again
    task: str
    reference: str  # the model that says how many parameters all have
    parameters: int
    encoder: bool  # whether an encoder varies with the architecture
    monitor: str  # by which a checkpoint, and the learning rate, is chosen
    mode: str  # min or max
    rate: float  # of the configuration
    budget: dict[str, int | None]  # of the configuration
    steps_in_epoch: float
    split: str  # test, or val where there is no test
    history: int  # inputs that stand before a target of the validation split, at most
    widths: dict[str, list[int]] = field(default_factory=dict)  # architecture: d_model, parameters
    files: dict[str, str] = field(default_factory=dict)  # of the data: path and sha256

    @property
    def lags(self) -> list[int]:
        """Return 1, 2, 3, 4, 6, 8, 12, ... up to most of the longest history there is, at most 512.

        Of a long sequence some targets are drawn, of which none may have all of the history behind it.
        """
        longest = max(1, min(LONGEST, int(MOST * self.history)))
        powers = [2**exponent for exponent in range(longest.bit_length())]
        return sorted({lag for power in powers for lag in (power, power * 3 // 2) if lag <= longest})

    def write(self, folder: Path) -> None:
        """Store it."""
        write_json(folder / NAME, {"schema": SCHEMA, **asdict(self)})

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read the plan of a folder; None when there is none.

        Raises ValueError for one that cannot be understood.
        """
        path = folder / NAME
        if not path.is_file():
            return None
        found = read_json(path)
        if found.pop("schema", None) != SCHEMA:
            raise ValueError(f"{path}: written by another version of seqtoolkit; choose another --out")
        try:
            return cls(**found)
        except TypeError as error:
            raise ValueError(
                f"{path}: not a plan that seqtoolkit wrote ({error}); choose another --out"
            ) from None


@dataclass(frozen=True)
class Request:
    """What a plan is made of; plain values, for another process."""

    config: str
    words: list[str]
    architectures: list[str]
    asked: dict[str, Any]
    has_budget: bool  # on the command line
    reference: str | None = None  # of the plan to which architectures are added


@dataclass(frozen=True)
class Work:
    """A plan with the options of one call: the runs there are to be, and what trains them."""

    folder: Path
    options: Options
    plan: Plan

    @property
    def budget(self) -> Budget:
        """The budget of a run that is compared."""
        return Budget(**self.plan.budget).given(self.options.budget.seconds, self.options.budget.steps)

    @property
    def rates(self) -> list[float]:
        """The grid of learning rates, ascending."""
        beside = {float(f"{factor * self.plan.rate:.2g}") for factor in FACTORS}
        return sorted(self.options.rates or {self.plan.rate, *beside})

    @property
    def seeds(self) -> list[int]:
        """The seeds with which each architecture is trained."""
        return list(range(self.options.seeds))

    def tried(self, arch: str, rate: float) -> Path:
        """Return the run in which a rate is tried."""
        return self.folder / "rates" / f"{arch}-lr{rate:g}"

    def run(self, arch: str, rate: float, seed: int) -> Path:
        """Return a run that is compared."""
        return self.folder / f"{arch}-lr{rate:g}-seed{seed}"

    def config(self, arch: str) -> Path:
        """Return the configuration of an architecture."""
        return self.folder / "configs" / f"{arch}.yaml"

    def fit(self, run: Path, arch: str, rate: float, seed: int, budget: Budget) -> list[str]:
        """Return the command that trains a run, or goes on with it where it was interrupted."""
        last = run / "checkpoints" / "last.ckpt"
        goes_on = [f"--ckpt_path={last}"] if last.exists() else []
        chosen = [f"--optimizer.lr={rate!r}", f"--seed_everything={seed}", f"--run={run}"]
        quiet = "--trainer.enable_progress_bar=false"
        return command("fit", f"--config={self.config(arch)}", *chosen, *budget.words(), quiet, *goes_on)


def command(*words: str) -> list[str]:
    """Return a command of this installation."""
    return [sys.executable, "-m", "seqtoolkit", *words]


def asked(options: Options) -> dict[str, Any]:
    """Return what must be the same when a comparison is taken up again."""
    return {
        "config": hashlib.sha256(options.config.read_bytes()).hexdigest(),
        "options for fit": list(options.words),
        "budget": options.budget.to_dict(),
        "rates": None if options.rates is None else list(options.rates),
        "rate_share": options.rate_share,
        "sequences": options.sequences,
    }


def check_same(folder: Path, plan: Plan, again: dict[str, Any]) -> None:
    """Raise ValueError that lists what was otherwise, asked or in the data, when the comparison of a folder began."""
    differences = [
        _difference(name, plan.asked.get(name), value)
        for name, value in again.items()
        if plan.asked.get(name) != value
    ]
    kept = [(name, sha256) for name, sha256 in plan.files.items() if Path(name).is_file()]
    differences += [f"{name} has changed" for name, sha256 in kept if sha256_of(name, "data") != sha256]
    if differences:
        raise ValueError(
            f"{folder} holds a comparison that began otherwise ({'; '.join(differences)}): choose another folder with"
            " --out, or ask for the same again"
        )


def _difference(name: str, before: Any, now: Any) -> str:
    if name == "config":
        return "the configuration has changed"
    if isinstance(before, list) and isinstance(now, list):
        before, now = (
            [one for one in mine if one not in other] for mine, other in ((before, now), (now, before))
        )
    return f"{name}: {before!r:.80}, now {now!r:.80}"
