"""What a checkpoint says of its model, as plain values: enough to rebuild it, checked type by type when it is read."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

from seqtoolkit import choice
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.model import SequenceModel

SCHEMA = 1


class CheckpointError(ValueError):
    """A file that cannot be opened as a checkpoint; the message says what is wrong with it."""


@dataclass(frozen=True)
class Described:
    """Everything needed to rebuild a model, as plain values."""

    arch: str
    arch_config: dict[str, Any]
    shape: dict[str, Any]
    spec: dict[str, Any]
    plugin: str = ""  # the distributions and versions that offered what was chosen, "seqtoolkit 0.1.0"
    encoder: dict[str, Any] | None = None  # the encoder and the attention, where the model has them

    @property
    def chosen(self) -> dict[str, Any]:
        """The choice of model, by the names that the command line has for it."""
        model = {"arch": self.arch, "arch_config": self.arch_config, **self.shape}
        return model | (choice.DEFAULTS if self.encoder is None else self.encoder)

    def __str__(self) -> str:
        if self.encoder is None:
            return self.arch
        attention = self.encoder["attention"]
        joined = f"{self.encoder['encoder']} to {self.arch}"
        return joined if attention == "none" else f"{joined}, {attention}"

    def build(self) -> SequenceModel | EncoderDecoder:
        """Build the model with fresh weights."""
        return choice.build(self.chosen, self.spec)

    def to_dict(self) -> dict[str, Any]:
        """Return the block that a checkpoint carries."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, block: Any) -> Self:
        """Check a block read from a file, type by type.

        Raises CheckpointError that names what is wrong.
        """
        if not isinstance(block, dict):
            raise CheckpointError("it has no 'seqtoolkit' block: it was not written by seqtoolkit")
        if block.get("schema") != SCHEMA:
            raise CheckpointError(f"its schema is {block.get('schema')!r}, this version reads {SCHEMA}")
        parts: dict[str, type] = {
            "arch": str,
            "arch_config": dict,
            "shape": dict,
            "spec": dict,
            "plugin": str,
        }
        for name, kind in parts.items():
            if not isinstance(block.get(name), kind):
                raise CheckpointError(
                    f"its {name!r} should be a {kind.__name__}, and is {block.get(name)!r:.80}"
                )
        _check_types(block["shape"], choice.SHAPE)
        if (encoder := block.get("encoder")) is not None:
            if not isinstance(encoder, dict):
                raise CheckpointError(f"its 'encoder' should be a dict or nothing, and is {encoder!r:.80}")
            _check_types(encoder, choice.ENCODER)
        return cls(**{name: block[name] for name in parts}, encoder=encoder)


def describe(chosen: dict[str, Any], spec: dict[str, Any]) -> Described:
    """Check the user's choice of model (see `choice.NAMES`) for the task of `spec`, and complete it with defaults.

    Raises ValueError for an unknown architecture, attention or option, a missing choice, or a task without a source.
    """
    chosen = choice.complete(chosen)
    if "num_classes" not in spec:
        raise ValueError(
            "the model needs `spec` of a data module, such as SequenceTask('lstm', spec=data.spec)"
        )
    if chosen["encoder"] is not None and not spec.get("codec", {}).get("separator"):
        raise ValueError(
            f"encoder={chosen['encoder']!r}: the task {spec.get('task')!r} has no source apart from its target; "
            "leave out --model.encoder, or take pairs such as --data G2PData"
        )
    shape, encoder = ({name: chosen[name] for name in names} for names in (choice.SHAPE, choice.ENCODER))
    reads = encoder if chosen["encoder"] is not None else None
    return Described(chosen["arch"], chosen["arch_config"], shape, spec, choice.owners(chosen), reads)


def _check_types(values: dict[str, Any], kinds: dict[str, type]) -> None:
    for name, kind in kinds.items():
        if type(values.get(name)) is not kind:
            raise CheckpointError(f"its {name!r} should be of type {kind.__name__}")
        if kind is float and not math.isfinite(values[name]):
            raise CheckpointError(f"its {name!r} should be a finite number, and is {values[name]}")
    if unknown := set(values) - set(kinds):
        raise CheckpointError(f"it has the unknown option {sorted(map(str, unknown))[0]!r}")
