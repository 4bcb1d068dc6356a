"""A sound attention, and for each law of the conformance suite one that breaks it."""

import torch
from torch import nn

from seqtoolkit import CrossAttention
from tests.broken_laws import Idle, Untrusted


class Glance(CrossAttention):
    """A sound attention, the ground on which the broken ones stand: e = (W q)^T h times a learned factor.

    Args:
        d_query: width.
        d_source: width.
        factor: starting point of the factor.
    """

    def __init__(self, d_query: int, d_source: int, factor: float = 0.2) -> None:
        super().__init__(d_query, d_source)
        self.query = nn.Linear(d_query, d_source, bias=False)
        self.factor = nn.Parameter(torch.tensor(factor))

    def energy(self, query, source):
        return self.query(query) @ source.mT * self.factor

    def weigh(self, energy, mask):
        return energy.masked_fill(~mask.unsqueeze(1), -torch.inf).softmax(-1)

    def forward(self, query, prepared, mask):
        weights = self.weigh(self.energy(query, prepared), mask)
        return weights @ prepared, weights.unsqueeze(1)


class Builds(Glance):
    """Only one width."""

    def __init__(self, d_query: int, d_source: int) -> None:
        if d_query != 16 or d_source != 16:
            raise ValueError(f"d_query={d_query} and d_source={d_source} are not 16")
        super().__init__(d_query, d_source)


class ShapeAndDtype(Glance):
    """Double precision where mixed precision was asked for."""

    def forward(self, query, prepared, mask):
        context, weights = super().forward(query, prepared, mask)
        return (context.double() if torch.is_autocast_enabled("cpu") else context), weights


class Constructor(Glance):
    """An option that nobody explains."""

    def __init__(self, d_query: int, d_source: int, mystery: int = 3) -> None:
        super().__init__(d_query, d_source)


class StateDict(Glance):
    """A weight that is neither parameter nor buffer."""

    def __init__(self, d_query: int, d_source: int) -> None:
        super().__init__(d_query, d_source)
        self.scale = torch.rand(())

    def energy(self, query, source):
        return super().energy(query, source) * self.scale.to(source.dtype)


class Saved(Untrusted, Glance):
    """A checkpoint that needs a class to be trusted."""


class Weights(Glance):
    """Weights that sum to two."""

    def weigh(self, energy, mask):
        return 2 * super().weigh(energy, mask)


class Padding(Glance):
    """A context that averages the padding too."""

    def forward(self, query, prepared, mask):
        context, weights = super().forward(query, prepared, mask)
        return context + prepared.mean(1, keepdim=True), weights


class SourceOrder(Glance):
    """A preference for what comes later."""

    def energy(self, query, source):
        return super().energy(query, source) + torch.arange(source.shape[1], dtype=source.dtype) / 10


class QueriesIndependent(Glance):
    """A normalisation over the queries."""

    def forward(self, query, prepared, mask):
        return super().forward(query - query.mean(1, keepdim=True), prepared, mask)


class RowsIndependent(Glance):
    """A normalisation over the batch."""

    def forward(self, query, prepared, mask):
        return super().forward(query - query.mean(0, keepdim=True), prepared, mask)


class PreparedBatchFirst(Glance):
    """A source that is kept with time first."""

    def prepare(self, source):
        return source.transpose(0, 1)

    def forward(self, query, prepared, mask):
        return super().forward(query, prepared.transpose(0, 1), mask)


class Deterministic(Glance):
    """A source that is remembered instead of handed back in."""

    def prepare(self, source):
        self.kept = source
        return source

    def forward(self, query, prepared, mask):
        return super().forward(query, self.kept, mask)


class Large(Glance):
    """A softmax that does not take the maximum off first."""

    def weigh(self, energy, mask):
        share = energy.masked_fill(~mask.unsqueeze(1), -torch.inf).exp()
        return share / share.sum(-1, keepdim=True)


class Gradients(Idle, Glance):
    """A weight that is never used."""

    def __init__(self, d_query: int, d_source: int) -> None:
        super().__init__(d_query, d_source)


class Gradcheck(Glance):
    """Half of the function hidden from autograd."""

    def energy(self, query, source):
        return super().energy(query, source) + super().energy(query, source).detach()


# Each broken attention with every law that it breaks: the one it stands for first, then what follows from that.
BROKEN = {
    Builds: ["builds"],
    ShapeAndDtype: ["shape-and-dtype"],
    Constructor: ["constructor"],
    StateDict: ["state-dict"],
    Saved: ["saved"],
    Weights: ["weights"],
    Padding: ["padding"],
    SourceOrder: ["source-order"],
    QueriesIndependent: ["queries-independent"],
    RowsIndependent: ["rows-independent", "padding", "prepared-batch-first"],
    PreparedBatchFirst: ["prepared-batch-first"],
    Deterministic: ["deterministic", "prepared-batch-first"],
    Large: ["large"],
    Gradients: ["gradients"],
    Gradcheck: ["gradcheck"],
}
