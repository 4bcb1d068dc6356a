"""Laws of looking: what the weights of an attention are, what they may depend on, and what is prepared."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtoolkit.mixer import select_rows, tensors
from seqtoolkit.testing.attention_interface import QUERIES, ROWS, STEPS, Answer, inputs
from seqtoolkit.testing.subject import Law, Subject, close, require
from seqtoolkit.testing.trial import ask, ragged


@torch.no_grad()
def weights(subject: Subject) -> str:
    """Weights are not negative, sum to 1 over the real steps of the source, and are exactly 0 on its padding."""
    query, source = inputs()
    mask = ragged(source)
    found = ask(subject.build(), query, source, mask)[1]
    require(found.min().item() >= 0, f"The smallest weight is {found.min().item():.3g}.")
    outside = found.masked_fill(mask[:, None, None], 0).max().item()
    require(outside == 0, f"The largest weight on padding is {outside:.3g}, expected exactly 0.")
    total = found.sum(-1)
    return f"sums differ from 1 by {close(total, torch.ones_like(total), 'Sums of weights', 1e-5):.1e}"


@torch.no_grad()
def padding(subject: Subject) -> str:
    """What stands on padding changes nothing, bit for bit, and neither does how much of it there is."""
    query, source = inputs()
    mask = ragged(source)
    changed = torch.where(mask.unsqueeze(-1), source, 1e3)
    attention, exact = subject.build(), subject.build(torch.float64)
    before = ask(attention, query, source, mask)
    _close(ask(attention, query, changed, mask), before, "after changing the padding", 0)
    whole, worst = ask(exact, query.double(), source.double(), mask), 0.0
    for row, length in enumerate(mask.sum(1).tolist()):
        only = slice(row, row + 1)
        short = ask(exact, query[only].double(), source[only, :length].double(), mask[only, :length])
        padded = whole[0][only], whole[1][only, ..., :length]
        worst = max(worst, _close(short, padded, f"of {length} steps against padded to {STEPS}"))
    return f"same bits; with and without padding {worst:.1e}"


@torch.no_grad()
def source_order(subject: Subject) -> str:
    """The source in another order has its weights in that order, and the same context."""
    attention, (query, source) = subject.build(torch.float64), inputs(torch.float64)
    order = torch.randperm(STEPS, generator=torch.Generator().manual_seed(0))
    mask = ragged(source)
    context, found = ask(attention, query, source, mask)
    moved = ask(attention, query, source[:, order], mask[:, order])
    worst = _close(moved, (context, found[..., order]), "of the source in another order")
    return f"largest difference {worst:.1e}"


@torch.no_grad()
def queries_independent(subject: Subject) -> str:
    """Queries asked one by one are answered as all at once."""
    attention, (query, source) = subject.build(torch.float64), inputs(torch.float64)
    mask, prepared = ragged(source), attention.prepare(source)
    context, found = attention(query, prepared, mask)
    steps = [attention(query[:, at : at + 1], prepared, mask) for at in range(QUERIES)]
    single = torch.cat([step[0] for step in steps], 1), torch.cat([step[1] for step in steps], 2)
    worst = _close(single, (context, found), "one by one")
    return f"largest difference {worst:.1e}"


@torch.no_grad()
def rows_independent(subject: Subject) -> str:
    """A row of a batch does not depend on the other rows."""
    attention, (query, source), others = subject.build(), inputs(), inputs(seed=3)
    mask = ragged(source)
    mixed = [torch.cat([part[:1], other[1:]]) for part, other in zip((query, source), others, strict=True)]
    changed = ask(attention, mixed[0], mixed[1], mask)
    before = ask(attention, query, source, mask)
    _close(_rows(changed, 0), _rows(before, 0), "of row 0 after changing the others", 0)
    exact, query, source = subject.build(torch.float64), query.double(), source.double()
    only = slice(1, 2)
    among, alone = ask(exact, query, source, mask), ask(exact, query[only], source[only], mask[only])
    worst = _close(alone, _rows(among, only), f"of row 1 alone against among {ROWS}")
    return f"same bits; alone against in a batch {worst:.1e}"


@torch.no_grad()
def prepared_batch_first(subject: Subject) -> str:
    """In every tensor that is prepared the first axis is the batch, so rows can be chosen, reordered and repeated."""
    attention, (query, source) = subject.build(torch.float64), inputs(torch.float64)
    mask, prepared = ragged(source), attention.prepare(source)
    shapes = [tuple(part.shape) for part in tensors(prepared)]
    batched = all(shape[:1] == (ROWS,) for shape in shapes)
    require(batched, f"What is prepared of {ROWS} rows has tensors of shapes {shapes}.")
    rows = torch.tensor([2, 0, 0, 2, 1])  # as beam search does
    whole = attention(query, prepared, mask)
    chosen = attention(query[rows], select_rows(prepared, rows), mask[rows])
    _close(chosen, _rows(whole, rows), f"of rows {rows.tolist()}")
    return f"shapes {shapes}"


@torch.no_grad()
def deterministic(subject: Subject) -> str:
    """In eval mode the same query and what was prepared give the same bits, whatever else was asked in between."""
    attention, (query, source), others = subject.build(), inputs(), inputs(seed=3)
    mask, prepared = ragged(source), attention.prepare(source)
    before = attention(query, prepared, mask)
    ask(attention, *others, mask)
    again = attention(query, prepared, mask)
    _close(again, before, "of the same again (is something remembered, or changed in place?)", 0)
    return "same bits"


def large(subject: Subject) -> str:
    """Context, weights and gradients are finite for queries and sources a thousand times as large."""
    attention = subject.build().train()
    query, source = ((part * 1e3).requires_grad_() for part in inputs())
    context, found = ask(attention, query, source, ragged(source))
    torch.autograd.backward(context.sum())
    parts = {"the context": context, "the weights": found}
    learned = {"query": query, "source": source, **dict(attention.named_parameters())}
    parts |= {f"the gradient of {name}": p.grad for name, p in learned.items()}
    bad = [name for name, part in parts.items() if part is not None and not part.isfinite().all()]
    require(not bad, f"Not finite: {', '.join(bad)}.")
    return f"largest context {context.abs().max().item():.3g}"


def _rows(answer: Answer, rows: int | slice | Tensor) -> Answer:
    return answer[0][rows], answer[1][rows]


def _close(found: Answer, expected: Answer, what: str, tolerance: float = 1e-9) -> float:
    """Require two answers, context and weights, to agree; return their largest difference."""
    context = close(found[0], expected[0], f"The context {what}", tolerance)
    return max(context, close(found[1], expected[1], f"The weights {what}", tolerance))


LOOKING: tuple[Law, ...] = (
    weights,
    padding,
    source_order,
    queries_independent,
    rows_independent,
    prepared_batch_first,
    deterministic,
    large,
)
