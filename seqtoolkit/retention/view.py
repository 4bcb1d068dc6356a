"""View: the causal part of a model that is measured, whichever model it belongs to, always in eval mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.losses import Loss
from seqtoolkit.mixer import State
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.coder_steps import advance_encoder, fed, first_answer, target_symbols, trace_encoder

Part = Literal["model", "encoder", "decoder"]
Traces = list[dict[str, Tensor]]


@dataclass(frozen=True)
class View:
    """What a protocol needs of a model: embedded inputs, the features made of them, and what the head says.

    Every call runs in eval mode and leaves the model as it was; with gradients also without cuDNN, whose recurrent
    kernels have no backward in eval mode.
    """

    model: nn.Module  # the whole model: holds the weights
    part: str  # "model", "encoder" or "decoder"
    width: int  # D
    vocab_size: int  # token ids that can be read; 0 when the inputs are features
    num_features: int  # F; 0 when the inputs are tokens
    _embed: Callable[[Tensor], Tensor] = field(repr=False)
    _advance: Callable[[Tensor, State | None], tuple[Tensor, State]] = field(repr=False)
    _head: Callable[[Tensor], Tensor] | None = field(repr=False)
    _trace: Callable[[Tensor], Traces] = field(repr=False)
    _answer: Callable[[Tensor], Tensor] | None = field(default=None, repr=False)
    loss: Loss = field(default_factory=Loss, repr=False)  # of what the head says

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    @property
    def has_head(self) -> bool:
        """Whether predictions are made of the features; an encoder makes none."""
        return self._head is not None

    def embed(self, inputs: Tensor) -> Tensor:
        """Map tokens (B, T) or features (B, T, F) to (B, T, D)."""
        with measuring(self.model):
            return self._embed(inputs)

    def features(self, embedded: Tensor) -> Tensor:
        """Map embedded inputs (B, T, D) to what the head reads (B, T, D)."""
        return self.advance(embedded)[0]

    def advance(self, embedded: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map embedded inputs (B, T, D), continuing from `state`, to (B, T, D) and the state after the last step."""
        with measuring(self.model):
            return self._advance(embedded, state)

    def head(self, features: Tensor) -> Tensor | None:
        """Map features (..., D) to scores (..., V); None for an encoder."""
        with measuring(self.model):
            return None if self._head is None else self._head(features)

    @property
    def looks_back(self) -> bool:
        """Whether what is predicted after a step follows from the features of all steps, not of the last one alone."""
        return self._answer is not None

    def answer(self, features: Tensor) -> Tensor | None:
        """Map features (B, T, D) to the scores (B, V) of what is predicted after the last of them."""
        if self._answer is None:
            return self.head(features[:, -1])
        with measuring(self.model):
            return self._answer(features)

    def trace(self, inputs: Tensor) -> Traces:
        """Return the trace of every block's mixer (see SequenceMixer.trace) for inputs (B, T) or (B, T, F)."""
        with measuring(self.model), torch.no_grad():
            return self._trace(inputs)


def view(
    model: nn.Module,
    part: Part | None = None,
    source: Tensor | None = None,
    lengths: Tensor | None = None,
    loss: Loss | None = None,
) -> View:
    """Look at the causal part of a model.

    Args:
        model: a SequenceModel or an EncoderDecoder.
        part: "model" of a SequenceModel; "encoder" or "decoder" (when null) of an EncoderDecoder.
        source: (S,) tokens that the encoder has read when its decoder begins, or (B, S) for each row of what the
            decoder reads; one token 0 when null.
        lengths: (B,) how many of them are there; all when null.
        loss: of the scores; that of classes when null.

    Raises:
        ValueError: the model has no such part, or its encoder reads from both ends.
    """
    if isinstance(model, SequenceModel):
        _check_part(part, ("model",), "a SequenceModel")
        return _of_model(model, loss or Loss())
    if not isinstance(model, EncoderDecoder):
        raise ValueError(
            f"cannot look into a {type(model).__name__}; give a SequenceModel or an EncoderDecoder"
            " (of a checkpoint or a SequenceTask: its `.model`)"
        )
    _check_part(part, ("encoder", "decoder"), "an EncoderDecoder")
    if part == "encoder":
        return _of_encoder(model)
    return _of_decoder(model, torch.zeros(1, dtype=torch.long) if source is None else source, lengths)


@contextmanager
def measuring(model: nn.Module) -> Iterator[None]:
    """Set eval mode and, where gradients are on, leave cuDNN out; afterwards all is as it was, module by module."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    cudnn = torch.backends.cudnn
    try:
        with cudnn.flags(
            enabled=cudnn.enabled and not torch.is_grad_enabled(),
            benchmark=cudnn.benchmark,
            deterministic=cudnn.deterministic,
            allow_tf32=cudnn.allow_tf32,
        ):
            yield
    finally:
        for module in training:
            module.training = True


def _check_part(part: str | None, parts: tuple[str, ...], owner: str) -> None:
    if part is not None and part not in parts:
        known = f"one of {', '.join(get_args(Part))}"
        raise ValueError(f"{owner} has no part {part!r} ({known}); expected {' or '.join(parts)}")


def _of_model(model: SequenceModel, loss: Loss) -> View:
    tokens = isinstance(model.embedding, nn.Embedding)
    weight = model.embedding.weight
    assert isinstance(weight, Tensor)
    return View(
        model=model,
        part="model",
        width=weight.shape[1] if tokens else weight.shape[0],
        vocab_size=weight.shape[0] if tokens else 0,
        num_features=0 if tokens else weight.shape[1],
        _embed=model.embed,
        _advance=model.features,
        _head=model.head,
        _trace=model.trace,
        loss=loss,
    )


def _of_encoder(model: EncoderDecoder) -> View:
    encoder = model.encoder
    if encoder.bidirectional:
        raise ValueError(
            "the encoder reads from both ends, so its features know the future and have no retention by lag;"
            " train with --model.bidirectional false, or measure the decoder (part='decoder')"
        )
    return View(
        model=model,
        part="encoder",
        width=encoder.embedding.embedding_dim,
        vocab_size=encoder.embedding.num_embeddings,
        num_features=0,
        _embed=encoder.embedding,
        _advance=lambda x, state: advance_encoder(encoder, x, state),
        _head=None,
        _trace=lambda tokens: trace_encoder(encoder, tokens),
        _answer=lambda read: first_answer(model, read),
    )


def _of_decoder(model: EncoderDecoder, source: Tensor, lengths: Tensor | None) -> View:
    def begin(batch: int) -> State:
        rows = source.to(next(model.parameters()).device).expand(batch, -1)
        return model.encode(
            rows, rows.new_full((batch,), rows.shape[1]) if lengths is None else lengths.to(rows.device)
        )

    def embed(tokens: Tensor) -> Tensor:
        return model.embed(tokens, begin(len(tokens)))

    def advance(x: Tensor, state: State | None) -> tuple[Tensor, State]:
        features, _, after = model.read(x, begin(len(x)) if state is None else state)
        return features, after

    return View(
        model=model,
        part="decoder",
        width=model.bridge.out_features,
        vocab_size=target_symbols(model),
        num_features=0,
        _embed=embed,
        _advance=advance,
        _head=model.decoder.head,
        _trace=lambda tokens: model.decoder.trace_embedded(fed(model, embed(tokens), begin(len(tokens)))),
    )
