"""`seqtoolkit compare` with a `submit` that runs nothing: it leaves the folders that all the commands would leave."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from seqtoolkit import retention_store
from seqtoolkit.cli import main
from seqtoolkit.compare import cost, prepare, store
from seqtoolkit.compare.plan import Plan
from seqtoolkit.compare.submit import Submit
from seqtoolkit.data.opened import sha256_of
from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.run_folder import RunFolder

RATES = (0.001, 0.003, 0.009)
ERRORS = {"rnn": 0.5, "lstm": 0.2, "gru": 0.205}  # test error of each


class Fake:
    """Does every command at once; `error(command)` may give the error of a training, or raise."""

    def __init__(self, error: Callable[[str], str] = lambda command: "", split: str = "test") -> None:
        self.error, self.split = error, split
        self.files: list[Path] = []  # of the data
        self.commands: list[str] = []

    def __call__(self, command: Sequence[str], log: Path) -> Future[int]:
        text, done = " ".join(command[2:]), Future[int]()
        self.commands.append(text)
        log.parent.mkdir(parents=True, exist_ok=True)
        kinds = {"compare.prepare": self._prepare, "compare.cost": self._cost, "seqtoolkit fit": self._fit}
        kinds |= {
            "seqtoolkit test": self._test,
            "seqtoolkit validate": self._test,
            "seqtoolkit retention": self._retention,
        }
        error = next(do for name, do in kinds.items() if name in text)(list(command), self.error(text))
        log.write_text(f"{error}\n")
        done.set_result(2 if error else 0)
        return done

    def count(self, word: str) -> int:
        """Return how many commands had a word in them."""
        return sum(word in command for command in self.commands)

    def _prepare(self, command: list[str], error: str) -> str:
        request = json.loads(command[-1])
        widths = {name: [8, 1000 + 7 * len(name)] for name in request["architectures"]}
        facts = {
            "task": "made",
            "reference": request["reference"] or "lstm",
            "parameters": 1000,
            "encoder": False,
        }
        how = {
            "monitor": "val/error_rate",
            "mode": "min",
            "rate": 0.003,
            "steps_in_epoch": 10.0,
            "history": 12,
            "split": self.split,
            "files": {str(path): sha256_of(str(path), "data") for path in self.files},
        }
        budget = {"seconds": None, "steps": 100, "epochs": None}
        if not error:
            Plan(asked=request["asked"], budget=budget, widths=widths, **facts, **how).write(
                Path(command[-2])
            )  # type: ignore[arg-type]
        return error

    def _fit(self, command: list[str], error: str) -> str:
        value = dict(word.removeprefix("--").split("=", 1) for word in command if word.startswith("--"))
        path, arch = Path(value["run"]), Path(value["config"]).stem
        rate, seed = float(value["optimizer.lr"]), int(value["seed_everything"])
        folder = RunFolder(path)
        folder.open(create=not (path / "run.json").exists())
        status = {"status": "crashed" if error else "finished", "error": error, "seed": seed, "arch": arch}
        reached = ERRORS[arch] + abs(rate - 0.003)
        folder.update(step=100, metrics={"train/steps_per_second": 50.0, "val/error_rate": reached}, **status)
        folder.log(100, 0, {"val/error_rate": reached})
        (path / "checkpoints").mkdir(exist_ok=True)
        (path / "checkpoints" / "best.ckpt").touch()
        folder.close()
        return error

    def _test(self, command: list[str], error: str) -> str:
        path = Path(re.sub(r".*--run=(\S+).*", r"\1", " ".join(command)))
        split = "test" if " test " in " ".join(command) else "val"
        folder = RunFolder(path)
        folder.open(create=False)
        reached = ERRORS[folder.record["arch"]] + 0.001 * folder.record["seed"]
        quality = {
            "measure": "error_rate",
            "unit": "edits",
            "higher_is_better": False,
            "n": 400,
            "estimate": reached,
        }
        bounds = {"lower": reached - 0.01, "upper": reached + 0.01}
        found = {"schema": 1, "split": split, "step": 100, "records": [quality | bounds]}
        if not error:
            metrics = {"metrics": {f"{split}/loss": 1.0, f"{split}/error_rate": reached}}
            folder.write_probe(path / "checkpoints" / "best.ckpt", f"{split}.json", metrics)
            folder.write_probe(path / "checkpoints" / "best.ckpt", "quality.json", found)
        folder.close()
        return error

    def _retention(self, command: list[str], error: str) -> str:
        path, protocol = Path(command[4]), command[command.index("--protocols") + 1]
        lags, values = [1, 2, 4, 8], [2.0, 1.5, 1.01, 1.0]
        record = Record(
            protocol=protocol,
            unit="nats",
            lags=lags,
            estimate=values,
            lower=[value - 0.02 for value in values],
            upper=[value + 0.02 for value in values],
            null=[2.0] * 4,
            n=[64] * 4,
            horizon=Horizon(4, 2, 8, censored=False),
            seed=0,
            settings={"full_loss": 1.0},
        )
        folder = RunFolder(path)
        folder.open(create=False)
        if not error:
            retention_store.write(folder, path / "checkpoints" / "best.ckpt", 100, [record])
        folder.close()
        return error

    def _cost(self, command: list[str], error: str) -> str:
        path, steps = Path(command[-2]), int(command[-1])
        folder = RunFolder(path)
        folder.open(create=False)
        latency = {
            "estimate": {"rnn": 0.1, "lstm": 0.4, "gru": 0.2}[folder.record["arch"]],
            "lower": 0.1,
            "upper": 0.5,
        }
        cost = {"schema": 1, "step": 100, "steps": steps, "state_bytes": 64, "latency": {**latency, "n": 200}}
        if not error:
            folder.write_probe(path / "checkpoints" / "best.ckpt", "cost.json", cost)
        folder.close()
        return error


@dataclass(frozen=True)
class Comparing:
    """Calls the command in a folder, with a `submit` of the test."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        self.config.write_text("data: {}\n")

    @property
    def config(self) -> Path:
        """What is compared."""
        return self.folder / "made.yaml"

    @property
    def out(self) -> Path:
        """The folder of the comparison."""
        return self.folder / "out"

    def __call__(self, submit: Submit, *words: str, architectures: str = "rnn,lstm,gru") -> int:
        submit_by(submit, self.monkeypatch)
        asked = ["--config", str(self.config), "--architectures", architectures, "--out", str(self.out)]
        return main(["compare", *asked, "--jobs", "1", *words])

    def stored(self) -> dict[str, Any]:
        """Return compare.json."""
        found = store.read(self.out)
        assert found is not None
        return found


def submit_by(submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command run its jobs by a `submit` of the test."""

    @contextmanager
    def given(slots: int, threads: int) -> Iterator[Submit]:
        yield submit

    monkeypatch.setattr("seqtoolkit.compare.command.local", given)


def here(command: Sequence[str], log: Path) -> Future[int]:
    """Truly do a command, in this process; a `submit` of the command."""
    modules = {"seqtoolkit.compare.prepare": prepare.main, "seqtoolkit.compare.cost": cost.main}
    done = Future[int]()
    done.set_result(modules.get(command[2], main)(list(command[3:])))
    return done
