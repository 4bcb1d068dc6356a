"""Laws of form: how a mixer is built, what it takes and returns; and for every kind, what of it is saved."""

from __future__ import annotations

import inspect
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint

from seqtoolkit import options
from seqtoolkit.mixer import SequenceMixer
from seqtoolkit.testing.subject import WIDTH, ConformanceError, Law, Subject, close, noise, require


def builds(subject: Subject) -> str:
    """It builds from d_model alone, for every ordinary width."""
    widths = (8, 16, 32, 64, 128)
    for width in widths:
        try:
            mixer = replace(subject, options={}).build(widths=(width,))
        except Exception as error:
            raise ConformanceError(f"d_model={width} raised {type(error).__name__}: {error}") from error
        require(isinstance(mixer, SequenceMixer), f"It built a {type(mixer).__name__}, not a SequenceMixer.")
    return f"d_model {', '.join(map(str, widths))}"


def constructor(subject: Subject) -> str:
    """The constructor takes the widths, then options that are typed, documented and plain JSON by default."""
    widths, given = subject.kind.widths, inspect.signature(subject.cls).parameters
    wanted, first = ", ".join(widths), ", ".join(list(given)[: len(widths)])
    require(first == wanted, f"It takes {first or 'nothing'} first, expected {wanted}.")
    require(bool((subject.cls.__doc__ or "").strip()), "The class has no docstring.")
    meaning = options.documentation(subject.cls)
    for name, option in options.parameters(subject.cls, subject.kind).items():
        plain = option.kind in (option.POSITIONAL_OR_KEYWORD, option.KEYWORD_ONLY)
        require(plain, f"`{option}` swallows unknown options; name each one.")
        require(option.annotation is not option.empty, f"Option {name} has no type.")
        require(option.default is not option.empty, f"Option {name} has no default.")
        require(
            _is_json(option.default), f"Option {name} has the default {option.default!r}: not plain JSON."
        )
        require(bool(meaning.get(name)), f"Option {name} is not explained under `Args:` in the docstring.")
    return f"options {', '.join(options.parameters(subject.cls, subject.kind)) or 'none'}"


def shape_and_dtype(subject: Subject) -> str:
    """The output has the input's shape and dtype: one row, one step, float64, and bfloat16 autocast."""
    for rows, steps in ((1, 1), (1, 12), (3, 1), (3, 12)):
        for dtype in (torch.float32, torch.float64):
            _forward(subject.build(dtype), noise(rows, steps, WIDTH, dtype=dtype), {dtype})
    mixer, x, mixed = subject.build(), noise(3, 12, WIDTH), {torch.float32, torch.bfloat16}
    with torch.autocast("cpu", torch.bfloat16):
        low, _ = _forward(mixer, x, mixed)
        with torch.no_grad():
            _forward(mixer, x[:, 6:], mixed, _forward(mixer, x[:, :6], mixed)[1])
    torch.autograd.backward(low.float().sum())
    worst = close(low.detach(), mixer(x)[0].detach(), "Under bfloat16 autocast", 0.1)
    return f"bfloat16 autocast differs by {worst:.1e}"


def state_dict(subject: Subject) -> str:
    """The state_dict of one, loaded into another, makes it the same."""
    one, other = subject.trial(seed=0), subject.trial(seed=1)
    other.load_state_dict(one.state_dict())
    inputs = subject.inputs()
    close(other(*inputs), one(*inputs), "Outputs after loading", 0)
    return f"{len(one.state_dict())} entries"


def saved(subject: Subject) -> str:
    """What is saved of it is plain: it opens with weights_only=True and needs no trusted class."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "checked.ckpt")
        defaults = {
            name: option.default for name, option in options.parameters(subject.cls, subject.kind).items()
        }
        config = {**subject.widths, **defaults, **subject.options}
        torch.save({"config": config, "state_dict": subject.build().state_dict()}, path)
        unsafe = get_unsafe_globals_in_checkpoint(path)
        require(not unsafe, f"The file needs {', '.join(unsafe)}.")
        torch.load(path, weights_only=True)
        return f"{path.stat().st_size} bytes"


def _forward(
    mixer: SequenceMixer, x: Tensor, dtypes: set[torch.dtype], state: Any = None
) -> tuple[Tensor, Any]:
    returned = mixer(x, state)
    pair = isinstance(returned, tuple) and len(returned) == 2
    require(pair, f"forward returned a {type(returned).__name__}, expected (output, state).")
    out, state = returned
    what = f"Input {tuple(x.shape)} {x.dtype} gave {tuple(out.shape)} {out.dtype}"
    require(out.shape == x.shape and out.dtype in dtypes, f"{what}, expected {tuple(x.shape)} and {dtypes}.")
    require(bool(out.isfinite().all()), f"{what} that are not all finite.")
    return out, state


def _is_json(value: object) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


FORM: tuple[Law, ...] = (constructor, state_dict, saved)  # of every kind
INTERFACE: tuple[Law, ...] = (builds, constructor, shape_and_dtype, state_dict, saved)
