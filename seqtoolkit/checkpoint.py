"""Read a checkpoint safely: plain values and tensors only, names looked up in the registry, sizes checked first."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from seqtoolkit import plugins
from seqtoolkit.codec import Codec
from seqtoolkit.described import CheckpointError as CheckpointError
from seqtoolkit.described import Described
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.files import is_whole
from seqtoolkit.kinds import ATTENTION
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel

BLOCK = "seqtoolkit"  # the key of our plain block in a Lightning checkpoint


@dataclass(frozen=True)
class Checkpoint:
    """A model rebuilt from a file, in eval mode on the CPU, with what is needed to use it."""

    path: Path
    described: Described
    model: SequenceModel | EncoderDecoder
    step: int  # optimiser steps it was trained for

    @property
    def arch(self) -> str:
        """Name of the architecture."""
        return self.described.arch

    @property
    def task(self) -> str:
        """Name of the task, such as g2p."""
        return str(self.described.spec.get("task", ""))

    @property
    def codec(self) -> Codec:
        """Between typed text and tokens; raises ValueError for a model that reads features or knows no symbols."""
        if "codec" not in self.described.spec:
            raise ValueError(
                f"{self.path} reads numbers, or symbols without names: nothing can be typed for it, so only models of"
                " symbols are looked into; its retention and quality can be measured all the same"
            )
        return Codec.from_dict(self.described.spec.get("codec"))


def load(path: Path | str) -> Checkpoint:
    """Open a checkpoint and rebuild its model through the registry; runs no code from the file.

    Raises CheckpointError (a ValueError) with one clear message, and the plugin's own error when it is broken.
    """
    path = Path(path)
    content = read(path)
    try:
        described = Described.from_dict(content.get(BLOCK))
        _require(described)
        _check_target(described.spec)
        _check_codec(described.spec, described.encoder is not None)
        model = _rebuild(described, _weights(content, path.stat().st_size))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    step = content.get("global_step")
    return Checkpoint(path, described, model.eval(), step if isinstance(step, int) else 0)


def described(path: Path) -> Described:
    """Return what a checkpoint says of its model.

    Raises CheckpointError with one clear message.
    """
    content = read(path)
    try:
        return Described.from_dict(content.get(BLOCK))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _require(described: Described) -> None:
    """Look the architecture up, and say which plugin is needed when it is not installed."""
    try:
        plugins.get(described.arch)
        if described.encoder is not None:
            plugins.get(described.encoder["encoder"])
            if described.encoder["attention"] != "none":
                plugins.find(described.encoder["attention"], ATTENTION)
    except plugins.PluginError as error:
        raise CheckpointError(
            f"{error}; it was trained with the plugin of {described.plugin}: install that"
        ) from None


def read(path: Path) -> dict[str, Any]:
    """Read the plain values and tensors of a checkpoint (tensors are mapped, not read).

    Raises CheckpointError for anything else than a sound file.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such file; expected a checkpoint such as runs/RUN/checkpoints/best.ckpt"
        )
    try:
        _check_archive(path)
        content = torch.load(path, weights_only=True, mmap=True, map_location="cpu")
    except Exception as error:  # a hostile file may fail anywhere in the reader
        raise CheckpointError(
            f"{path}: not a checkpoint that is safe to open ({_first_line(error)})"
        ) from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a dictionary, found {type(content).__name__}")
    return content


def _check_archive(path: Path) -> None:
    """Refuse what is no zip, and archives that would unpack to more than the file holds."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise CheckpointError("its entries are compressed, which torch.save never does")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise CheckpointError("it claims to hold more than its own size")


def _weights(content: dict[str, Any], size: int) -> dict[str, Tensor]:
    """Take the model's weights out of the LightningModule's; all of them must truly be in the file of `size` bytes."""
    weights = content.get("state_dict")
    if not isinstance(weights, dict) or not all(isinstance(name, str) for name in weights):
        raise CheckpointError("it has no 'state_dict' of tensors by name")
    for name, value in weights.items():
        if not isinstance(value, Tensor) or value.layout != torch.strided or value.device.type != "cpu":
            raise CheckpointError(f"its {name!r} is not an ordinary tensor")
        if value.is_complex() or value.is_quantized:
            raise CheckpointError(f"its {name!r} has the type {value.dtype}")
    if (claimed := sum(value.nbytes for value in weights.values())) > size:
        raise CheckpointError(f"its weights claim {claimed:,} bytes, and the file has {size:,}")
    return {
        name.removeprefix("model."): value for name, value in weights.items() if name.startswith("model.")
    }


def _rebuild(described: Described, weights: dict[str, Tensor]) -> SequenceModel | EncoderDecoder:
    """Compare every shape on the meta device before any memory is taken, then build and load."""
    said = {"blocks.": described.shape["num_layers"]}
    if described.encoder is not None:
        said = {"decoder.blocks.": said["blocks."], "encoder.blocks.": described.encoder["encoder_layers"]}
    for prefix, count in said.items():
        layers = len({name.removeprefix(prefix).split(".")[0] for name in weights if name.startswith(prefix)})
        if layers != count:
            raise CheckpointError(f"it says {count} layers and has weights of {layers}")
    try:
        with torch.device("meta"), _Undrawn():
            expected = {name: tuple(value.shape) for name, value in described.build().state_dict().items()}
    except Exception as error:  # whatever the values of the file lead a constructor to
        raise CheckpointError(f"its model cannot be built ({_first_line(error)})") from None
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if wrong := [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]:
        name = wrong[0]
        raise CheckpointError(
            f"its weights do not fit {described.arch!r}: {name} is {found.get(name, 'missing')}, "
            f"expected {expected.get(name, 'nothing of that name')}"
        )
    model = described.build()
    model.load_state_dict(weights)
    return model


class _Undrawn(TorchFunctionMode):
    """Draw no weights: what has no memory has no values, and torch imports its compiler, for seconds, to draw them."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Leave a tensor that is to be filled by chance as it is."""
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in ("normal_", "uniform_"):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _check_codec(spec: dict[str, Any], with_encoder: bool) -> None:
    """Refuse a codec that does not fit the model's vocabulary and classes."""
    if "codec" not in spec:
        return
    try:
        codec = Codec.from_dict(spec["codec"])
    except (ValueError, IndexError) as error:
        raise CheckpointError(f"its codec is wrong: {error}") from None
    count, tokens, classes = len(codec.symbols), spec.get("vocab_size"), spec.get("num_classes")
    if tokens != count:
        raise CheckpointError(f"its codec has {count} symbols for a vocabulary of {tokens!r:.80}")
    named = len(codec.labels) or count - codec.offset
    if not is_whole(classes, 1) or classes > named or (not codec.query and classes < named):
        raise CheckpointError(f"its codec can answer {named} symbols, and it has {classes!r:.80} classes")
    if with_encoder and not codec.separator:
        raise CheckpointError("it has an encoder, and its codec no separator between source and target")


def _check_target(spec: dict[str, Any]) -> None:
    """Refuse a target that there is no loss for."""
    try:
        Loss.of(spec)
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"its spec is wrong: {error}") from None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
