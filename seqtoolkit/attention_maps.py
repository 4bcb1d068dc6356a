"""Attention weights from traced queries and keys: only the rows that are asked for, never a whole map."""

from __future__ import annotations

import torch
from torch import Tensor


def attention_rows(trace: dict[str, Tensor], rows: Tensor) -> Tensor:
    """Return the weights (B, H, R, S) with which the query steps `rows` (R,) look at S keys; each row sums to 1.

    A[i, j] = exp(q_i . k_j / sqrt(E) - lse_i) over the keys that a query sees, in float32; exactly 0 elsewhere.
    `reach` (B, T), where the trace has it, is the number of latest keys seen; all past keys otherwise.
    """
    query, key = trace["query"].float(), trace["key"].float()
    steps, sources = query.shape[2], key.shape[2]
    at = rows + sources - steps  # (R,) where each query stands among the keys
    lag = at[:, None] - torch.arange(sources, device=key.device)  # (R, S)
    seen = (lag >= 0).expand(len(query), -1, -1)
    if "reach" in trace:
        seen = seen & (lag < trace["reach"][:, rows].unsqueeze(-1))
    scores = query[:, :, rows] @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    scores = scores.masked_fill(~seen.unsqueeze(1), -torch.inf)
    weights: Tensor = (scores - scores.logsumexp(-1, keepdim=True)).exp()
    return weights
