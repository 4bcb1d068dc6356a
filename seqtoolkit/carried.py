"""State that goes from one batch to the next: how a long text is learned from in windows (truncated BPTT)."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.mixer import State, map_state, state_bytes, tensors
from seqtoolkit.model import SequenceModel


class Carried:
    """The detached state in which the last batch ended (Williams & Peng 1990), for one that goes on from there.

    A state that grows with what was read, such as the keys of attention, is not carried: it would never end.
    """

    def __init__(self) -> None:
        self.state: State | None = None
        self._grows: bool | None = None

    def before(self, batch: Batch) -> State | None:
        """Return the state to begin a batch with, on its device: that of a resumed run comes from a file.

        None where the rows are others, as of a run that goes on with another batch size.
        """
        if not batch.carried or any(len(part) != len(batch) for part in tensors(self.state)):
            return None
        return map_state(lambda part: part.to(batch.inputs.device), self.state)

    def after(self, model: SequenceModel | EncoderDecoder, batch: Batch, state: State) -> None:
        """Keep the state of a batch that the next one may continue."""
        if batch.carried is None:
            return
        if self._grows is None:
            self._grows = grows(model, batch.inputs)
        self.state = None if self._grows else map_state(Tensor.detach, state)


@torch.no_grad()
def grows(model: SequenceModel | EncoderDecoder, inputs: Tensor) -> bool:
    """Say whether a model's state is larger after two steps than after one, each the first of `inputs` (B, T, ...)."""
    assert isinstance(model, SequenceModel)
    training = model.training
    model.eval()
    step = inputs[:1, :1]  # a window may have no other
    one, two = (state_bytes(model.features(model.embed(torch.cat([step] * n, 1)))[1]) for n in (1, 2))
    model.train(training)
    return two > one
