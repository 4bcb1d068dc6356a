"""The options of an architecture or an attention: read from its constructor, completed, checked and described."""

from __future__ import annotations

import inspect
import json
import textwrap
from typing import Any

from seqtoolkit import plugins
from seqtoolkit.kinds import ARCHITECTURE, KINDS, Kind
from seqtoolkit.plugins import PluginError

_PAD = " " * 6


def complete(
    name: str, config: dict[str, Any], kind: Kind = ARCHITECTURE, field: str | None = None
) -> dict[str, Any]:
    """Check the options of an architecture or an attention and fill in its defaults; all returned is plain JSON.

    Text is read as YAML would be, so that `{"forget_bias": "2"}` from a command line gives 2.0.
    `field` is where the options stand in the configuration, for messages; by default the kind's own.

    Raises:
        PluginError: The name is unknown, it lacks an option, or a value is of another type.
    """
    from jsonargparse import ArgumentParser

    _, cls = plugins.find(name, kind)
    field = field or kind.config
    if not isinstance(config, dict):
        raise PluginError(f"{field} is {config!r}: expected options of {name!r} with their values")
    options, whose = parameters(cls, kind), f"{kind} {name!r}"
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(cls, skip=set(kind.widths))
    for option, value in config.items():
        if option in kind.widths:
            width = f"{option}={value!r} in {field}"
            raise PluginError(f"{width}: the width is the model's, set it by --model.d_model")
        _check_name(whose, option, options)
        _check_value(whose, options[option], value, parser)
    return _plain(whose, parser.parse_object(config).as_dict())


def describe(name: str, *kinds: Kind) -> str:
    """Return the help of what is found among these kinds, or all: what it is, and each option with type and default."""
    kind, cls = plugins.find(name, *kinds or KINDS)
    meaning = documentation(cls)
    lines = [f"{name}: {(inspect.getdoc(cls) or 'undocumented').splitlines()[0]}"]
    for option in parameters(cls, kind).values():
        default = (
            "required"
            if option.default is option.empty
            else f"default: {json.dumps(option.default, default=str)}"
        )
        lines += ["", f"  --model.{kind.config}.{option.name}  {type_name(option)}  ({default})"]
        text = meaning.get(option.name) or "undocumented"
        lines += textwrap.wrap(text, 100, initial_indent=_PAD, subsequent_indent=_PAD)
    return "\n".join(lines if len(lines) > 1 else [*lines, "", "  It has no options."])


def parameters(cls: type, kind: Kind = ARCHITECTURE) -> dict[str, inspect.Parameter]:
    """Return the constructor's parameters but the widths, which are the core's to set."""
    return {p.name: p for p in inspect.signature(cls).parameters.values() if p.name not in kind.widths}


def documentation(cls: type) -> dict[str, str]:
    """Return what the docstrings of the class, its constructor and its bases say about each parameter."""
    from docstring_parser import parse

    texts = [part.__doc__ for base in reversed(cls.__mro__) for part in (base, vars(base).get("__init__"))]
    found = [param for text in texts for param in parse(inspect.cleandoc(text or "")).params]
    return {param.arg_name: " ".join((param.description or "").split()) for param in found}


def type_name(option: inspect.Parameter) -> str:
    """Write the type of a parameter as its author did, with null for None."""
    written = option.annotation
    text = written if isinstance(written, str) else inspect.formatannotation(written)
    return text.replace("None", "null")


def _check_name(whose: str, option: str, options: dict[str, inspect.Parameter]) -> None:
    if option not in options:
        hint = plugins.suggest(str(option), sorted(options))
        raise PluginError(f"{whose} has no option {option!r}: {hint}")


def _check_value(whose: str, option: inspect.Parameter, value: object, parser: Any) -> None:
    """Read one option alone, so that the message can name it."""
    from argparse import ArgumentError

    wrong = f"{whose}: {option.name}={value!r} is not valid, expected {type_name(option)}"
    try:
        read = parser.parse_object({option.name: value})[option.name]
    except ArgumentError:
        raise PluginError(wrong) from None
    if read is None and "null" not in type_name(option):  # the parser lets None stand for "not given"
        raise PluginError(wrong)


def _plain(whose: str, values: dict[str, Any]) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = json.loads(json.dumps(values, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise PluginError(f"{whose} has an option that is not plain JSON: {error}") from None
    return plain
