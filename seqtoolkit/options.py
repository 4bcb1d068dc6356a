"""The options of an architecture: read from its constructor, completed, checked and described."""

from __future__ import annotations

import inspect
import json
import textwrap
from typing import Any

from seqtoolkit import plugins
from seqtoolkit.plugins import PluginError

_PAD = " " * 6


def complete(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """Check the options of an architecture and fill in its defaults; every value returned is plain JSON.

    Text is read as YAML would be, so that `{"forget_bias": "2"}` from a command line gives 2.0.

    Raises:
        PluginError: The architecture is unknown, it lacks an option, or a value is of another type.
    """
    from jsonargparse import ArgumentParser

    cls = plugins.get(name)
    if not isinstance(config, dict):
        raise PluginError(f"arch_config is {config!r}: expected options of {name!r} with their values")
    options = parameters(cls)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(cls, skip={"d_model"})
    for option, value in config.items():
        _check_name(name, option, value, options)
        _check_value(name, options[option], value, parser)
    return _plain(name, parser.parse_object(config).as_dict())


def describe(name: str) -> str:
    """Return the help of an architecture: what it is, and each option with its type, default and meaning."""
    cls = plugins.get(name)
    meaning = documentation(cls)
    lines = [f"{name}: {(inspect.getdoc(cls) or 'undocumented').splitlines()[0]}"]
    for option in parameters(cls).values():
        default = (
            "required"
            if option.default is option.empty
            else f"default: {json.dumps(option.default, default=str)}"
        )
        lines += ["", f"  --model.arch_config.{option.name}  {type_name(option)}  ({default})"]
        text = meaning.get(option.name) or "undocumented"
        lines += textwrap.wrap(text, 100, initial_indent=_PAD, subsequent_indent=_PAD)
    return "\n".join(lines if len(lines) > 1 else [*lines, "", "  It has no options."])


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    """Return the constructor's parameters but d_model, which is the core's to set."""
    return {p.name: p for p in inspect.signature(cls).parameters.values() if p.name != "d_model"}


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


def _check_name(name: str, option: str, value: object, options: dict[str, inspect.Parameter]) -> None:
    if option == "d_model":
        raise PluginError(
            f"d_model={value!r} in arch_config: the width is the model's, set it by --model.d_model"
        )
    if option not in options:
        hint = plugins.suggest(str(option), sorted(options))
        raise PluginError(f"architecture {name!r} has no option {option!r}: {hint}")


def _check_value(name: str, option: inspect.Parameter, value: object, parser: Any) -> None:
    """Read one option alone, so that the message can name it."""
    from argparse import ArgumentError

    wrong = f"architecture {name!r}: {option.name}={value!r} is not valid, expected {type_name(option)}"
    try:
        read = parser.parse_object({option.name: value})[option.name]
    except ArgumentError:
        raise PluginError(wrong) from None
    if read is None and "null" not in type_name(option):  # the parser lets None stand for "not given"
        raise PluginError(wrong)


def _plain(name: str, values: dict[str, Any]) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = json.loads(json.dumps(values, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise PluginError(f"architecture {name!r} has an option that is not plain JSON: {error}") from None
    return plain
