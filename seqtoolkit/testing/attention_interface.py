"""Laws of form: how an attention is built, and the context and the weights that it returns."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, TypeAlias

import torch
from torch import Tensor

from seqtoolkit.attention import CrossAttention
from seqtoolkit.testing.interface import FORM
from seqtoolkit.testing.subject import WIDTH, ConformanceError, Law, Subject, close, noise, require
from seqtoolkit.testing.trial import ask, ragged

Answer: TypeAlias = tuple[Tensor, Tensor]  # context (B, T, D), weights (B, H, T, S)
ROWS, QUERIES, STEPS = 3, 5, 12
EQUAL, UNEQUAL = ((8, 8), (16, 16), (32, 32), (64, 64), (128, 128)), ((8, 16), (64, 32))


def builds(subject: Subject) -> str:
    """It builds from d_query and d_source alone, for ordinary widths; of unequal ones a ValueError may name both."""
    plain, refused = replace(subject, options={}), []
    for widths in (*EQUAL, *UNEQUAL):
        what = "d_query={}, d_source={}".format(*widths)
        try:
            attention = plain.build(widths=widths)
        except Exception as error:
            named = isinstance(error, ValueError) and all(str(width) in str(error) for width in widths)
            if widths in EQUAL or not named:
                raise ConformanceError(f"{what} raised {type(error).__name__}: {error}") from error
            refused.append(widths)
            continue
        sound = isinstance(attention, CrossAttention)
        require(sound, f"It built a {type(attention).__name__}, not a CrossAttention.")
        _answer(attention, noise(2, 3, widths[0]), noise(2, 4, widths[1]), {torch.float32})
    return f"{len(EQUAL)} equal widths, and {'no ' if refused else ''}unequal ones"


def shape_and_dtype(subject: Subject) -> str:
    """Context and weights have the right shape and dtype: one row, query or step, float64, bfloat16 autocast."""
    for rows, queries, steps in product((1, ROWS), (1, QUERIES), (1, STEPS)):
        for dtype in (torch.float32, torch.float64):
            query, source = noise(rows, queries, WIDTH, dtype=dtype), noise(rows, steps, WIDTH, dtype=dtype)
            _answer(subject.build(dtype), query, source, {dtype})
    attention, (query, source) = subject.build(), inputs()
    with torch.autocast("cpu", torch.bfloat16):
        low, weights = _answer(attention, query, source, {torch.float32, torch.bfloat16})
    if low.requires_grad:
        torch.autograd.backward(low.float().sum())
    exact = ask(attention, query, source, ragged(source))
    worst = close(low.detach(), exact[0].detach(), "The context under bfloat16 autocast", 0.1)
    close(weights.detach(), exact[1].detach(), "The weights under bfloat16 autocast", 0.1)
    return f"bfloat16 autocast differs by {worst:.1e}"


def inputs(dtype: torch.dtype = torch.float32, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Draw queries (B, T, D) and a source (B, S, D)."""
    query = noise(ROWS, QUERIES, WIDTH, dtype=dtype, seed=seed)
    return query, noise(ROWS, STEPS, WIDTH, dtype=dtype, seed=seed + 1)


def _answer(attention: Any, query: Tensor, source: Tensor, dtypes: set[torch.dtype]) -> Answer:
    """Ask with a ragged source, and require a context and weights of the right shapes and dtypes."""
    returned = attention(query, attention.prepare(source), ragged(source))
    pair = isinstance(returned, tuple) and len(returned) == 2
    require(pair, f"forward returned a {type(returned).__name__}, expected (context, weights).")
    context, found = returned
    (rows, queries, _), (_, steps, width) = query.shape, source.shape
    shapes = {"context": (context, (rows, queries, width)), "weights": (found, (rows, -1, queries, steps))}
    for name, (part, shape) in shapes.items():
        what = f"Queries {tuple(query.shape)} of a source {tuple(source.shape)}: {name} {tuple(part.shape)}"
        fits = part.dim() == len(shape) and all(
            want in (-1, size) for want, size in zip(shape, part.shape, strict=True)
        )
        require(fits and part.dtype in dtypes, f"{what} {part.dtype}, expected {shape} (-1: any), {dtypes}.")
        require(bool(part.isfinite().all()), f"{what} that are not all finite.")
    return context, found


ATTENTION_INTERFACE: tuple[Law, ...] = (builds, shape_and_dtype, *FORM)
