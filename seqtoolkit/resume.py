"""Going on from a checkpoint: with the configuration of its run, and never with another model than was asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from seqtoolkit.arguments import values

AGREE = (  # what a checkpoint and its data must have in common
    "task", "target", "vocab_size", "num_features", "num_classes", "codec", "classes", "quantiles",
)  # fmt: skip
PLAIN = ("seed_everything", "model", "checkpoint", "retention")  # plain values all the way down
NAMED = {  # what may be named, and so imported, without being asked for on the command line
    "data": ("seqtoolkit.data.",),
    "optimizer": ("torch.optim.",),
    "lr_scheduler": ("torch.optim.lr_scheduler.", "seqtoolkit.schedule."),
}
TRAINER = (
    "accelerator", "devices", "precision", "max_epochs", "max_steps", "max_time", "min_epochs", "min_steps",
    "val_check_interval", "check_val_every_n_epoch", "log_every_n_steps", "accumulate_grad_batches",
    "gradient_clip_val", "gradient_clip_algorithm", "enable_progress_bar", "deterministic",
)  # fmt: skip


def with_run_config(argv: list[str]) -> list[str]:
    """Begin with the configuration of the run whose checkpoint is named, so that the checkpoint alone is enough."""
    path = "".join(values(argv, "--ckpt_path")[-1:])
    run = Path(path).resolve().parent.parent
    if not path or values(argv, "--config", "-c") or not (run / "config.yaml").is_file():
        return argv
    return [argv[0], "--config", json.dumps(harmless(run / "config.yaml")), "--run", str(run), *argv[1:]]


def harmless(path: Path) -> dict[str, Any]:
    """Read the parts of a run's configuration that cannot make the command line import or call anything foreign.

    Raises ValueError that names what is foreign, and how to say that it is trusted.
    """
    try:
        config = yaml.safe_load(path.read_text())
        parts = {name: config[name] for name in PLAIN if name in config}
        named = {name: config[name] for name in NAMED if config.get(name)}
        trainer = {name: config["trainer"][name] for name in TRAINER if name in config["trainer"]}
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: not a configuration that seqtoolkit wrote ({error!r:.100})") from None
    for name, value in named.items():
        if foreign := _foreign(name, value):
            raise ValueError(
                f"{path}: {name} names {foreign!r}, which would be imported: if you trust it, add --config {path}"
            )
    return {**parts, **named, "trainer": trainer}


def _foreign(name: str, value: Any) -> Any:
    """Return what a section would import beyond the libraries of training, or None."""
    place = value.get("class_path") if isinstance(value, dict) else value
    if not isinstance(place, str) or not place.startswith(NAMED[name]):
        return place or value
    options = value.get("init_args") or {} if isinstance(value, dict) else {}
    texts = [option for option in options.values() if isinstance(option, (str, dict))]
    return texts[0] if name != "data" and texts else None


def refuse_other_data(path: Path, found: dict[str, Any], asked: dict[str, Any]) -> None:
    """Compare the spec that a checkpoint was trained on with that of the data at hand; warn of files that have changed.

    Raises ValueError that lists the differences which the model cannot bear.
    """
    refuse_another(path, _essence(found), _essence(asked))
    was, now = (_digests(spec) for spec in (found, asked))
    for name in sorted(was.keys() & now.keys()):
        if was[name] != now[name]:
            print(
                f"note: the file of --data.{name} has changed since {path} was trained: its sha256 was"
                f" {was[name]!s:.12}, and is {now[name]!s:.12}",
                file=sys.stderr,
            )


def _digests(spec: dict[str, Any]) -> dict[str, Any]:
    files = spec.get("files")
    return files if isinstance(files, dict) else {}


def _essence(spec: dict[str, Any]) -> dict[str, Any]:
    inputs = spec.get("inputs")
    channels = inputs.get("channels") if isinstance(inputs, dict) else None
    return {**{name: spec.get(name) for name in AGREE}, "channels": channels}


def refuse_another(path: Path, found: dict[str, Any], asked: dict[str, Any]) -> None:
    """Compare a checkpoint's model or data, by name, with what was asked for.

    Raises ValueError that lists the differences; Lightning would train the checkpoint's model without a word.
    """
    differences = [
        f"{name}: the checkpoint has {found.get(name)!r:.60}, you ask for {value!r:.60}"
        for name, value in asked.items()
        if value != found.get(name)
    ]
    if differences:
        raise ValueError(
            f"{path} holds another model ({'; '.join(differences)}). Leave out --config, --model and --data options "
            f"to go on with the checkpoint's own, or leave out --ckpt_path to train the other"
        )
