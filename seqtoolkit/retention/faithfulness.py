"""faithfulness: does attention look at what is used? Its weights beside the influence of the same source symbols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.retention.rank_correlation import row_correlations, row_ranks

if TYPE_CHECKING:
    from seqtoolkit.encoder_decoder import EncoderDecoder
    from seqtoolkit.model import SequenceModel

DRAWS = 8  # symbols that take the place of each source symbol
POSITIONS = 64  # source symbols of an example that are replaced, drawn when there are more
SHUFFLES = 99  # orders of the weights that say what knowing nothing looks like
LEAST = 3  # source symbols: of two, every rank correlation is 1 or -1
_TOKENS = 65_536  # of the replaced sequences of one example; longer ones get fewer draws

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Replacements:
    """What takes the place of which source symbols of one example, and other orders of them."""

    positions: Tensor  # (P,) ascending
    symbols: Tensor  # (P, D) token ids
    shuffles: NDArray[np.int64]  # (SHUFFLES, P) permutations

    @classmethod
    def draw(
        cls, tokens: Tensor, source: int, counts: Mapping[int, int], seed: list[int]
    ) -> Replacements | None:
        """Draw them for tokens (L,), the first `source` of which can be replaced; null when there are too few.

        `counts` says how often each symbol occurs; it is drawn as often. The `seed` decides.
        """
        random = np.random.default_rng(seed)
        if source < LEAST or len(counts) < 2:
            return None
        where = np.sort(random.choice(source, min(source, POSITIONS), replace=False))
        draws = max(1, min(DRAWS, _TOKENS // (len(where) * len(tokens))))
        known, often = np.array(list(counts)), np.array(list(counts.values()), dtype=np.float64)
        taken = [random.choice(known, draws, p=_without(known, often, int(tokens[at]))) for at in where]
        shuffles = random.permuted(np.tile(np.arange(len(where)), (SHUFFLES, 1)), axis=1)
        return cls(torch.from_numpy(where), torch.from_numpy(np.stack(taken)), shuffles)


@torch.inference_mode()
def source_influence(
    model: SequenceModel | EncoderDecoder, tokens: Tensor, mask: Tensor, positions: Tensor, symbols: Tensor
) -> Tensor:
    """Return (R, P): how much each of R supervised predictions depends on the input at each of P positions, in nats.

    The mean over D draws of KL(p || p after the input is replaced).

    Args:
        model: in eval mode.
        tokens: (L,) token ids of one sequence.
        mask: (L,) bool: the R supervised steps.
        positions: (P,) inputs before the answer.
        symbols: (P, D) token ids that are put there.
    """
    draws = symbols.shape[1]
    changed = tokens.repeat(symbols.numel(), 1)
    where = positions.to(tokens.device).repeat_interleave(draws)
    changed[torch.arange(len(changed), device=tokens.device), where] = symbols.to(tokens).flatten()
    before = model(tokens[None], mask=mask[None])[0].float().log_softmax(-1)  # (R, V)
    after = model(changed, mask=mask.expand_as(changed))[0].float().log_softmax(-1)
    after = after.view(len(positions), draws, *before.shape)
    divergence = (before.exp() * (before - after)).sum(-1).clamp(min=0.0)  # (P, D, R)
    influence: Tensor = divergence.mean(1).T.cpu()
    return influence


def faithfulness(weights: Tensor, influence: Tensor, shuffles: NDArray[np.int64]) -> Floats:
    """Correlate the ranks of weights (H, R, P) and influence (R, P) over the source, and average over R.

    The result (1 + SHUFFLES, H) has the correlation, then those of shuffled weights, which know nothing. NaN for a
    head in which every row is constant.
    """
    looked, used = row_ranks(weights.double().cpu().numpy()), row_ranks(influence.double().numpy())
    orders = [np.arange(looked.shape[-1]), *shuffles]
    return np.stack([_mean(row_correlations(looked[..., order], used)) for order in orders])


def _without(known: NDArray[Any], often: Floats, token: int) -> Floats:
    """Return how probable each of the known symbols is when it is not `token`."""
    others = np.where(known == token, 0.0, often)
    probability: Floats = others / others.sum()
    return probability


def _mean(correlations: Floats) -> Floats:
    """Average (H, R) over the rows that have ranks."""
    defined = np.isfinite(correlations)
    n = defined.sum(-1)
    sums = np.where(defined, correlations, 0.0).sum(-1)
    means: Floats = np.divide(sums, n, out=np.full(n.shape, np.nan), where=n > 0)
    return means
