"""A configuration with comments, written from what was seen; and whether the data module takes it."""

from __future__ import annotations

import importlib
import textwrap
from shlex import quote
from typing import Any

import yaml

from seqtoolkit.init.seen import Option, Seen

_WIDTH = 110


def written(seen: Seen, path: str, name: str) -> str:
    """Return the text of a configuration called `name` for the file at `path`."""
    head = [
        f"Written by `seqtoolkit init {path}`, which saw {seen.what}: {'; '.join(seen.facts)}.",
        f"It takes it for {seen.guess} ({seen.sure}: {seen.why}).",
        *seen.others,
        *(f"First mend: {warning}" for warning in seen.warnings),
    ]
    lines = [f"# {line}" for text in head for line in textwrap.wrap(text, _WIDTH)]
    lines += [f"# Train:   seqtoolkit fit --config {quote(name)} --run runs/mine"]
    lines += [
        f"# Compare: seqtoolkit compare --config {quote(name)} --architectures rnn,lstm,gru,attention --seeds 3"
    ]
    lines += ["data:", f"  class_path: {seen.data}", "  init_args:"]
    lines += [f"    {_line(option)}" for option in seen.options]
    return "\n".join([*lines, *_model(seen)]) + "\n"


def build(seen: Seen) -> Any:
    """Build the data module with the options; raises what it raises."""
    module, _, name = seen.data.rpartition(".")
    return getattr(importlib.import_module(module), name)(**{one.name: one.value for one in seen.options})


def _model(seen: Seen) -> list[str]:
    options = (
        ("model:", ""),
        ("  arch: gru", "or rnn, lstm, attention: `seqtoolkit plugins` lists them"),
        (f"  d_model: {seen.width}", "width of every layer"),
        ("  num_layers: 1", ""),
        ("  dropout: 0.1", "0.3 or more where there is little data"),
        ("optimizer:", ""),
        ("  class_path: torch.optim.AdamW", ""),
        ("  init_args:", ""),
        ("    lr: 0.003", "`seqtoolkit compare` tries a third and 3 times as much"),
        ("trainer:", ""),
        ("  max_time: 00:00:02:00", "days:hours:minutes:seconds; the learning rate falls to zero at its end"),
        ("  max_epochs: -1", ""),
    )
    return [f"{text}{f'  # {comment}' if comment else ''}" for text, comment in options]


def _line(option: Option) -> str:
    value = yaml.safe_dump(option.value, default_flow_style=True, width=10**6, allow_unicode=True)
    text = f"{option.name}: {value.removesuffix(chr(10)).removesuffix('...').strip()}"
    return f"{text}  # {option.comment}" if option.comment else text
