"""Going on from a checkpoint: with the configuration of its run, and never with another model than was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqtoolkit.arguments import values
from seqtoolkit.checkpoint import BLOCK, CheckpointError, Described, read


def with_run_config(argv: list[str]) -> list[str]:
    """Begin with the configuration of the run whose checkpoint is named, so that the checkpoint alone is enough."""
    path = "".join(values(argv, "--ckpt_path")[-1:])
    run = Path(path).resolve().parent.parent
    if not path or values(argv, "--config", "-c") or not (run / "config.yaml").is_file():
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
