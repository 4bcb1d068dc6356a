"""A choice of model as plain values: checked, completed with defaults, and built. The names are SequenceTask's."""

from __future__ import annotations

from typing import Any

from seqtoolkit import options, plugins
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.kinds import ARCHITECTURE, ATTENTION
from seqtoolkit.model import SequenceModel

SHAPE = {"d_model": int, "num_layers": int, "block": str, "mlp_ratio": float, "dropout": float}
ENCODER = {
    "encoder": str,
    "encoder_config": dict,
    "encoder_layers": int,
    "encoder_width": int,
    "bidirectional": bool,
    "attention": str,
    "attention_config": dict,
    "attend": str,
    "tie": bool,
}
DEFAULTS: dict[str, Any] = {  # of a model without an encoder
    **dict.fromkeys(ENCODER),
    "bidirectional": True,
    "attention": "none",
    "attend": "after",
    "tie": False,
}
NAMES = ("arch", "arch_config", *SHAPE, *ENCODER)  # what tells one model from another


def complete(chosen: dict[str, Any]) -> dict[str, Any]:
    """Check a choice of model, {"arch": "lstm", "d_model": 64, ...}, and fill in what is left out of NAMES.

    Raises ValueError for an unknown architecture, attention or option, and for what an encoder is missing to.
    """
    chosen = {"arch_config": {}, **DEFAULTS, **chosen}
    if chosen["arch"] is None:
        raise ValueError(
            "no architecture chosen: add --model.arch lstm (`seqtoolkit plugins` lists what is installed)"
        )
    floats = {name: float(chosen[name]) for name, kind in SHAPE.items() if kind is float}
    config = options.complete(chosen["arch"], chosen["arch_config"] or {})
    chosen = {name: chosen[name] for name in NAMES} | floats | {"arch_config": config}
    if chosen["encoder"] is not None:
        return chosen | _with_encoder(chosen)
    if given := [name for name in ENCODER if chosen[name] not in (None, {}, DEFAULTS[name])]:
        raise ValueError(
            f"{given[0]}={chosen[given[0]]!r} is for a model that reads with an encoder: add --model.encoder "
            f"{chosen['arch']}, or leave it out"
        )
    return chosen | DEFAULTS


def _with_encoder(chosen: dict[str, Any]) -> dict[str, Any]:
    """Complete the options that an encoder and an attention have."""
    options_of_encoder = chosen["encoder_config"] or {}
    attends = chosen["attention"] != "none"
    given = chosen["attention_config"] or {}
    if given and not attends:
        raise ValueError(f"attention_config={given!r} without an attention: add --model.attention additive")
    return {
        "encoder_config": options.complete(
            chosen["encoder"], options_of_encoder, ARCHITECTURE, "encoder_config"
        ),
        "encoder_layers": _either(chosen["encoder_layers"], chosen["num_layers"]),
        "encoder_width": _either(chosen["encoder_width"], chosen["d_model"]),
        "attention_config": options.complete(chosen["attention"], given, ATTENTION) if attends else {},
    }


def _either(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def owners(chosen: dict[str, Any]) -> str:
    """Name the distributions and versions that offer what was chosen, such as "seqtoolkit 0.1.0"."""
    found = [plugins.owner(chosen["arch"])]
    if chosen["encoder"] is not None:
        found.append(plugins.owner(chosen["encoder"]))
        found += [plugins.owner(chosen["attention"], ATTENTION)] if chosen["attention"] != "none" else []
    return ", ".join(dict.fromkeys(found))


def build(chosen: dict[str, Any], spec: dict[str, Any]) -> SequenceModel | EncoderDecoder:
    """Build a completed choice for a task, with fresh weights."""
    sizes = {"num_classes": spec["num_classes"], "vocab_size": spec.get("vocab_size", 0)}
    if chosen["encoder"] is not None:
        return EncoderDecoder(**sizes, **chosen)
    shape = {name: chosen[name] for name in ("arch", "arch_config", *SHAPE)}
    return SequenceModel(**sizes, num_features=spec.get("num_features", 0), **shape)
