"""Words of the command line: their values, and what to say when the parser does not understand them."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

DATA = (
    "--data takes PairsData, G2PData, ReverseData, DatesData, RecallData, SeriesData, LabelledSeriesData, VowelsData,"
    " ImageRowsData, DigitsData, RollData, TextData, ShakespeareData, LabelledTextData, TaggedData, or a class path"
    " such as mypackage.MyData; or add --config configs/g2p.yaml"
)
_OPTIONAL = re.compile(
    r"(.*?)Does not validate against .*? Errors: - (.*) - Expected a <class 'NoneType'>.*? Given value: (.*)"
)
_CHOICES = ("--optimizer", "--config", "-c")  # words after which an optimiser may be named


def values(argv: list[str], *flags: str) -> list[str]:
    """Return the values of `--flag value` and `--flag=value`, in order."""
    pairs = zip(argv, [*argv[1:], ""], strict=True)
    words = [(word, after) if word in flags else word.partition("=")[::2] for word, after in pairs]
    return [value for word, value in words if word in flags and value]


def with_own_decay(argv: list[str]) -> list[str]:
    """Let another optimiser begin with its own weight decay: the parser would keep that of the default, AdamW.

    0.01 of it is mild in AdamW, and in Adam, where it is part of the gradient, enough to learn nothing.
    """
    if values(argv, "--optimizer.weight_decay", "--optimizer.init_args.weight_decay"):
        return argv
    words = []
    for before, word in zip(["", *argv], argv, strict=False):
        words.append(word)
        decay = _own_decay(_optimizer(*(before, word) if before in _CHOICES else word.partition("=")[::2]))
        words += [] if decay is None else [f"--optimizer.weight_decay={decay}"]
    return words


def _optimizer(flag: str, value: str) -> str:
    """Return the class that a word of the command line names, or its configuration without a weight decay."""
    if flag == "--optimizer":
        return value
    if flag not in _CHOICES or not value:
        return ""
    chosen = yaml.safe_load(value if value.startswith("{") else Path(value).read_text()).get("optimizer")
    options = chosen.get("init_args") if isinstance(chosen, dict) else None
    named = chosen.get("class_path") if isinstance(chosen, dict) else chosen
    decided = isinstance(options, dict) and "weight_decay" in options
    return named if isinstance(named, str) and not decided else ""


def _own_decay(path: str) -> Any:
    """Return the weight decay that a class of torch.optim begins with, or None."""
    import torch

    found = getattr(torch.optim, path.split(".")[-1], None) if path else None
    options = inspect.signature(found).parameters if isinstance(found, type) else {}
    return options["weight_decay"].default if "weight_decay" in options else None


def check_configs(argv: list[str]) -> None:
    """Refuse configuration files that are missing or no YAML, by name.

    Raises ValueError with the file, the line and what was expected.
    """
    named = [value for value in values(argv, "--config", "-c") if not value.startswith("{")]
    for path in map(Path, named):
        if not path.is_file():
            raise ValueError(f"{path}: no such file; expected a configuration such as configs/g2p.yaml")
        try:
            found = yaml.safe_load(path.read_text())
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not valid YAML ({error})") from None
        if not isinstance(found, dict):
            raise ValueError(
                f"{path}: expected options by name, such as `model: {{arch: lstm}}`; found {found!r:.60}"
            )


def unwrap(message: str) -> str:
    """Take what is wrong with an optional value out of what the parser says of all that it could have been."""
    found = _OPTIONAL.fullmatch(" ".join(message.split()))
    if found is None:
        return message
    value = f". Got value: {found[3]}" if re.fullmatch(r"Expected a <class '\w+'>", found[2]) else ""
    return found[1] + found[2] + value


def explain(message: str, options: Iterable[str]) -> str:
    """Say what the parser said, with what to type instead."""
    message = unwrap(message)
    if "Problem with given class_path" in message:
        return message
    if 'Parser key "data"' in message or "required: " in message:
        return f"{message.split(' - Does not')[0]}; {DATA}"
    unknown = [word for word in message.split() if word.startswith("--") and "unrecognized" in message]
    close = [difflib.get_close_matches(word.partition("=")[0], list(options), n=1) for word in unknown]
    hints = [f"did you mean {found[0]}?" for found in close if found]
    return " ".join([message, *hints])
