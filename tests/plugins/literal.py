"""An attention written as the papers write it: a loop over rows, queries and real source steps."""

from collections.abc import Callable

import torch
from torch import Tensor

from seqtoolkit import CrossAttention

B, T, S, Q, D = 3, 5, 7, 6, 8
LENGTHS = (S, 4, 1)
MASK = torch.arange(S) < torch.tensor(LENGTHS)[:, None]


def look(score: Callable[[Tensor, Tensor], Tensor], query: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
    """Return the context (B, T, D) and the weights (B, 1, T, S) of a score of one query and one source step."""
    context, weights = torch.zeros(B, T, source.shape[-1], dtype=source.dtype), torch.zeros(B, 1, T, S)
    weights = weights.to(source.dtype)
    for b, length in enumerate(LENGTHS):
        for t in range(T):
            shares = [score(query[b, t], source[b, s]).exp() for s in range(length)]
            for s, share in enumerate(shares):
                weights[b, 0, t, s] = share / sum(shares)
                context[b, t] += weights[b, 0, t, s].clone() * source[b, s]
    return context, weights


def inputs(query_width: int = Q, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Draw queries (B, T, Q) and a source (B, S, D) that want a gradient."""
    torch.manual_seed(1)
    query, source = torch.randn(B, T, query_width, dtype=dtype), torch.randn(B, S, D, dtype=dtype)
    return query.requires_grad_(), source.requires_grad_()


def assert_equals(
    attention: CrossAttention, query: Tensor, source: Tensor, context: Tensor, weights: Tensor
) -> None:
    """Require the attention's answer, and the gradients of inputs and parameters, to be those expected."""
    found = attention(query, attention.prepare(source), MASK)
    torch.testing.assert_close(found, (context, weights), rtol=0, atol=1e-12)
    learned = [query, source, *attention.parameters()]
    got = torch.autograd.grad(found[0].sin().sum() + found[1].cos().sum(), learned)
    wanted = torch.autograd.grad(context.sin().sum() + weights.cos().sum(), learned)
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-11)


def assert_trains_under_autocast(attention: CrossAttention, dtype: torch.dtype) -> None:
    """Require training under CPU autocast to stay near float32, with finite gradients and empty padding."""
    query, source = inputs(attention.d_query, torch.float32)
    exact = attention(query, attention.prepare(source), MASK)
    with torch.autocast("cpu", dtype):
        context, weights = attention(query, attention.prepare(source), MASK)
        more, _ = attention(query.to(dtype), attention.prepare(source.to(dtype)), MASK)
    (context.float().sum() + more.float().sum()).backward()
    torch.testing.assert_close((context.float(), weights.float()), exact, rtol=0, atol=0.05)
    assert not weights.masked_select(~MASK[:, None, None]).any()
    assert all(
        p.grad is not None and p.grad.isfinite().all() for p in (query, source, *attention.parameters())
    )
