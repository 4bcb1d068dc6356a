"""The first job of a comparison, a process of its own: configuration expanded, data opened, widths found."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from seqtoolkit.compare.budget import Budget
from seqtoolkit.compare.plan import Plan, Request
from seqtoolkit.compare.sizes import counted, matched, varied
from seqtoolkit.data.opened import sha256_of

BATCHES = 64  # of the validation split, in which the longest history is looked for


def main(argv: list[str]) -> int:
    """Write plan.json and the configurations of all architectures; `argv` has the folder and a `Request` as JSON."""
    folder, request = Path(argv[0]), Request(**json.loads(argv[1]))
    try:
        prepare(folder, request).write(folder)
    except (ValueError, OSError) as error:
        print(f"seqtoolkit compare: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def expanded(config: str, words: list[str]) -> dict[str, Any]:
    """Return the configuration with every default, as `fit` would have it.

    Raises ValueError with what `fit` says when it does not understand.
    """
    from seqtoolkit.training_cli import main as fit

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.suppress(SystemExit):
        if fit(["fit", "--config", config, *words, "--print_config"]):
            raise ValueError(err.getvalue().removeprefix("seqtoolkit fit: "))
    found: dict[str, Any] = yaml.safe_load(out.getvalue())
    return found


def prepare(folder: Path, request: Request) -> Plan:
    """Open the data, find the widths, and write a configuration for each architecture.

    Raises ValueError for a configuration that cannot be compared.
    """
    config = expanded(request.config, request.words)
    data, model = open_data(config["data"]), config["model"]
    options = config["data"].get("init_args", {})
    chosen = {name: value for name, value in model.items() if name != "label_smoothing"}
    reference = request.reference or chosen["arch"] or request.architectures[0]
    target = counted(chosen | {"arch": reference}, data.spec)
    widths = {}
    for arch in request.architectures:
        mine = varied(chosen, arch)
        widths[arch] = list(matched(mine, data.spec, target))
        whole = {
            **config,
            "model": {**model, **mine, "d_model": widths[arch][0]},
            "run": None,
            "ckpt_path": None,
        }
        path = folder / "configs" / f"{arch}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(whole, sort_keys=False))
    return Plan(
        asked=request.asked,
        task=str(data.spec["task"]),
        reference=reference,
        parameters=target,
        encoder=chosen["encoder"] is not None,
        monitor=config["checkpoint"]["monitor"] or "val/loss",
        mode=config["checkpoint"]["mode"],
        rate=_rate(config["optimizer"]),
        budget=(Budget() if request.has_budget else Budget.of(config["trainer"])).to_dict(),
        steps_in_epoch=len(data.train_dataloader()) / config["trainer"]["accumulate_grad_batches"],
        split=judged(data, options),
        history=history(data),
        widths=widths,
        files=files(data, options),
    )


def open_data(section: dict[str, Any]) -> Any:
    """Build the data module of an expanded configuration."""
    module, _, name = section["class_path"].rpartition(".")
    return getattr(importlib.import_module(module), name)(**section.get("init_args", {}))


def files(data: Any, options: dict[str, Any]) -> dict[str, str]:
    """Return the sha256 of each file that the options of a data module name."""
    paths = [options[name] for name in data.files if isinstance(options.get(name), str)]
    return {path: sha256_of(path, "data") for path in paths if Path(path).is_file()}


def judged(data: Any, options: dict[str, Any]) -> str:
    """Return the split by which models are judged: test, or val where the data have no test.

    Raises ValueError where the options of the data module name a test file, and it cannot be read.
    """
    try:
        data.test_dataloader()
    except ValueError:
        if options.get("test") is not None:
            raise
        return "val"
    return "test"


def history(data: Any) -> int:
    """Return how many inputs stand before a supervised target of the validation split, at most."""
    longest = 1
    for _, batch in zip(range(BATCHES), data.val_dataloader(), strict=False):
        if batch.mask.any():
            longest = max(longest, int(batch.mask.nonzero()[:, 1].max()) + 1)
    return longest


def _rate(optimizer: dict[str, Any]) -> float:
    rate = (optimizer.get("init_args") or {}).get("lr")
    if not isinstance(rate, float | int):
        raise ValueError(f"the configuration's optimizer has no lr to choose around: {optimizer!r:.80}")
    return float(rate)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
