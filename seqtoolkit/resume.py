"""Going on from a checkpoint: with the configuration of its run, and never with another model than was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqtoolkit.checkpoint import BLOCK, CheckpointError, Described, read


def with_run_config(argv: list[str]) -> list[str]:
    """Begin with the configuration of the run whose checkpoint is named, so that the checkpoint alone is enough."""
    path = _value(argv, "--ckpt_path")
    run = Path(path).resolve().parent.parent if path else Path()
    if not path or _value(argv, "--config") or _value(argv, "-c") or not (run / "config.yaml").is_file():
        return argv
    return [argv[0], "--config", str(run / "config.yaml"), "--run", str(run), *argv[1:]]


def refuse_another_model(path: Path, asked: dict[str, Any]) -> None:
    """Compare a checkpoint with the architecture, options and sizes that were asked for.

    Raises ValueError that lists the differences; Lightning would train the checkpoint's model without a word.
    """
    try:
        described = Described.from_dict(read(path).get(BLOCK))
    except CheckpointError as error:
        raise CheckpointError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    found = {"arch": described.arch, "arch_config": described.arch_config, **described.shape}
    differences = [
        f"{name}: the checkpoint has {found[name]!r}, you ask for {value!r}"
        for name, value in asked.items()
        if value != found[name]
    ]
    if differences:
        raise ValueError(
            f"{path} holds another model ({'; '.join(differences)}). Leave out --config and the --model options to "
            f"go on with the checkpoint's model, or leave out --ckpt_path to train the other"
        )


def _value(argv: list[str], flag: str) -> str | None:
    """Return the value of `--flag value` or `--flag=value`."""
    for i, word in enumerate(argv):
        if word == flag and i + 1 < len(argv):
            return argv[i + 1]
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return None
