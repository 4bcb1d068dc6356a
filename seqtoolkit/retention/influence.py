"""influence: is the past used? Replace one input, and see how far the predictions move."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtoolkit.model import SequenceModel


@torch.inference_mode()
def influence_map(model: SequenceModel, tokens: Tensor, rows: Tensor, draws: list[Tensor]) -> Tensor:
    """Return (R, T): how much the prediction at each of R steps depends on the input at each of T steps, in nats.

    Entry (i, j) is the mean over the symbols in `draws[j]` of KL(p_i || p_i after input j is replaced by it).
    Exactly 0 where j lies in the future of i: the model is causal, so those are not computed.

    Args:
        model: in eval mode.
        tokens: (T,) token ids.
        rows: (R,) increasing steps at which predictions are compared.
        draws: for each of the T steps, the token ids that are put in its place.
    """
    result = torch.zeros(len(rows), len(tokens))
    before = model(tokens.unsqueeze(0))[0][0].float().log_softmax(-1)  # (T, V)
    for j, symbols in enumerate(draws):
        later = rows >= j
        changed = tokens.repeat(len(symbols), 1)
        changed[:, j] = symbols
        after = model(changed)[0][:, rows[later]].float().log_softmax(-1)  # (draws, rows, V)
        base = before[rows[later]]
        divergence = (base.exp() * (base - after)).sum(-1).clamp(min=0.0)
        result[later, j] = divergence.mean(0).cpu()
    return result
