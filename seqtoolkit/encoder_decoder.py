"""EncoderDecoder: one model reads the source, another writes the target, and attention may let it look back."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn

from seqtoolkit.attention import CrossAttention
from seqtoolkit.encoder import Encoder
from seqtoolkit.mixer import SequenceMixer, State
from seqtoolkit.model import BlockKind, SequenceModel
from seqtoolkit.standing import Source, Standing

Attend = Literal["after", "before"]


class Parts(NamedTuple):
    """A batch of joined rows, taken apart."""

    source: Tensor  # (B, S) source tokens, padded on the right with zeros
    lengths: Tensor  # (B,) real steps of the source
    target: Tensor  # (B, T) decoder inputs: 0 (the separator), then target symbols
    mask: Tensor  # (B, T) bool: the supervised steps of the decoder


class EncoderDecoder(nn.Module):
    """Sequence to sequence: rows of source, separator and target, as a SequenceModel reads them, taken apart.

    The encoder's last outputs make one fixed vector, which is added to every input of the decoder (Cho et al. 2014).
    Without attention that is all the decoder knows of the source. With it, every step also reads the source:
    - after the recurrent step (Luong, Pham & Manning 2015, global attention): h_t asks, and tanh(W [c_t; h_t]) is what
      the head reads. No step waits for another, so that training runs on fused kernels.
    - before it (Bahdanau, Cho & Bengio 2014): h_(t-1) asks, and c_t is an input of step t. What was looked at decides
      what is looked at next, and training walks through the target step by step.

    Args:
        arch: the decoder's architecture: the name of an installed one ("lstm"), or a SequenceMixer class.
        num_classes: target symbols, the separator first and the end mark last; token = class + source symbols.
        vocab_size: source symbols and classes together.
        encoder: the encoder's architecture; the decoder's when null.
        attention: the name of an installed attention, a CrossAttention class, or `none`.
        attend: when a step attends: `after` or `before` it.
        bidirectional: whether the encoder reads from both ends.
        encoder_layers: blocks of the encoder; as many as the decoder's when null.
        encoder_width: width of the encoder; the decoder's when null.
        tie: whether the head uses the weights of the target embedding (Press & Wolf 2017).
        arch_config, encoder_config, attention_config: options of their constructors.
        d_model, num_layers, block, mlp_ratio, dropout: as in SequenceModel.

    Raises:
        ValueError: a name or an option is unknown, a size is impossible, or the attention cannot work with the widths.
    """

    mixes_lengths = True  # the encoder is told the lengths, and attention where the padding is

    def __init__(
        self,
        arch: str | type[SequenceMixer],
        num_classes: int,
        vocab_size: int,
        encoder: str | type[SequenceMixer] | None = None,
        attention: str | type[CrossAttention] = "none",
        attend: Attend = "after",
        bidirectional: bool = True,
        encoder_layers: int | None = None,
        encoder_width: int | None = None,
        tie: bool = False,
        arch_config: dict[str, Any] | None = None,
        encoder_config: dict[str, Any] | None = None,
        attention_config: dict[str, Any] | None = None,
        d_model: int = 128,
        num_layers: int = 2,
        block: BlockKind = "residual",
        mlp_ratio: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if attend not in get_args(Attend):
            raise ValueError(f"attend is {attend!r}; expected one of {', '.join(get_args(Attend))}")
        self.offset = vocab_size - num_classes
        if self.offset < 1:
            raise ValueError(f"{vocab_size} tokens, {num_classes} of them classes, leave none for a source")
        width = d_model if encoder_width is None else encoder_width
        shape: dict[str, Any] = {"block": block, "mlp_ratio": mlp_ratio, "dropout": dropout}
        self.encoder = Encoder(
            encoder or arch,
            self.offset,
            d_model=width,
            num_layers=num_layers if encoder_layers is None else encoder_layers,
            bidirectional=bidirectional,
            arch_config=encoder_config if encoder else arch_config,
            **shape,
        )
        self.decoder = SequenceModel(
            arch,
            num_classes,
            num_classes,
            d_model=d_model,
            num_layers=num_layers,
            tie=tie,
            arch_config=arch_config,
            **shape,
        )
        self.bridge = nn.Linear(self.encoder.d_summary, d_model)
        self.attention = _attention(attention, d_model, width, attention_config or {})
        self.before = self.attention is not None and attend == "before"
        self.feed = nn.Linear(width, d_model, bias=False) if self.before else None
        self.combine = nn.Linear(width + d_model, d_model) if self.attention is not None else None
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, inputs: Tensor, state: State | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return the scores (N, V) of the N steps marked in `mask` (B, L), row by row, and the state after them.

        Args:
            inputs: (B, L) source, separator and target of each row.
            state: must be null: an encoder begins with a whole source.
            mask: (B, L) bool: the supervised steps; the first one of a row is its separator.
        """
        assert state is None
        assert mask is not None
        parts = self.split(inputs, mask)
        features, _, state = self.decode(parts.target, self.encode(parts.source, parts.lengths))
        return self.decoder.head(features[parts.mask]), state

    def begin(self, prompts: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        """Read prompts (B, P), source and separator, of `lengths` (B,); return the next scores (B, V) and the state."""
        steps = torch.arange(prompts.shape[1] - 1, device=prompts.device)
        source = prompts[:, :-1].masked_fill(steps >= lengths.unsqueeze(1) - 1, 0)
        separator = torch.full_like(prompts[:, :1], self.offset)
        return self.advance(separator, self.encode(source, lengths - 1))

    def advance(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read tokens (B, T), whole prompts of equal length at first; return the next scores (B, V) and the state."""
        if state is None:
            return self.begin(tokens, tokens.new_full((len(tokens),), tokens.shape[1]))
        features, _, state = self.decode(tokens - self.offset, state)
        return self.decoder.head(features[:, -1]), state

    def align(self, inputs: Tensor, mask: Tensor) -> Tensor | None:
        """Return where each decoder step looks, (B, H, T, S), for rows as in `forward`; None without attention."""
        parts = self.split(inputs, mask)
        return self.decode(parts.target, self.encode(parts.source, parts.lengths))[1]

    def split(self, inputs: Tensor, mask: Tensor) -> Parts:
        """Take rows (B, L) apart at their first supervised step."""
        asked = mask.int().argmax(1)  # (B,) where the separator stands: as many steps has the source
        stop = inputs.shape[1] - mask.flip(1).int().argmax(1)  # (B,) after the last supervised step
        steps = torch.arange(inputs.shape[1], device=inputs.device)
        source = inputs[:, : int(asked.max())]
        source = source.masked_fill(steps[: source.shape[1]] >= asked.unsqueeze(1), 0)
        where = asked.unsqueeze(1) + steps[: int((stop - asked).max())]  # (B, T)
        real = where < stop.unsqueeze(1)
        where = where.clamp(max=inputs.shape[1] - 1)
        target = (inputs.gather(1, where) - self.offset).masked_fill(~real, 0)
        return Parts(source, asked, target, mask.gather(1, where) & real)

    def branch(self, state: Standing, going: Tensor | None, rows: Tensor) -> Standing:
        """Return the state of the beams that go on: see Standing.branch."""
        return state.branch(going, rows)

    def encode(self, source: Tensor, lengths: Tensor) -> Standing:
        """Read sources (B, S) of `lengths` (B,) and return the state in which the decoder begins."""
        read, last = self.encoder(source, lengths)
        return self.stand(read, last, lengths)

    def stand(self, read: Tensor, last: Tensor, lengths: Tensor) -> Standing:
        """Return the state in which the decoder begins, from what the encoder made of its sources (see Encoder)."""
        steps = torch.arange(read.shape[1], device=read.device)
        summary = self.bridge(last).tanh()
        prepared = None if self.attention is None else self.attention.prepare(read)
        known = Source(summary, steps < lengths.unsqueeze(1), prepared)
        return Standing(known, None, summary.unsqueeze(1) if self.before else None)

    def decode(self, target: Tensor, state: Standing) -> tuple[Tensor, Tensor | None, Standing]:
        """Read decoder inputs (R, T); return what the head reads (R, T, D), weights (R, H, T, S), and the state."""
        return self.read(self.embed(target, state), state)

    def embed(self, target: Tensor, state: Standing) -> Tensor:
        """Map decoder inputs (R, T) to (R, T, D); each has the fixed vector of the source in it."""
        return state.source.add_summary(self.decoder.embed(target))

    def read(self, x: Tensor, state: Standing) -> tuple[Tensor, Tensor | None, Standing]:
        """Read embedded decoder inputs (R, T, D); return as `decode` does."""
        if self.before:
            return self._step_by_step(x, state)
        features, blocks = self.decoder.features(x, state.blocks)
        state = state._replace(blocks=blocks)
        if self.attention is None:
            return features, None, state
        context, weights = state.source.look(self.attention, features)
        return self._combined(features, context), weights, state

    def _step_by_step(self, x: Tensor, state: Standing) -> tuple[Tensor, Tensor, Standing]:
        """Attend before each step, with the features of the last one (R, 1, D) as the query.

        Dropout takes its share of the inputs at once, before the contexts join them.
        """
        assert self.attention is not None
        assert self.feed is not None
        (source, blocks, query), steps = state, []
        assert query is not None
        for step in self.decoder.dropout(x).split(1, 1):
            context, weights = source.look(self.attention, query)
            query, blocks = self.decoder.layers(step + self.feed(context), blocks)
            steps.append((query, context, weights))
        features, context, weights = (
            parts[0] if len(parts) == 1 else torch.cat(parts, dim)
            for parts, dim in zip(zip(*steps, strict=True), (1, 1, 2), strict=True)
        )
        return self._combined(features, context), weights, Standing(source, blocks, query)

    def _combined(self, features: Tensor, context: Tensor) -> Tensor:
        """Return the attentional vector tanh(W [c; h]) (Luong et al. 2015, eq. 5)."""
        assert self.combine is not None
        combined: Tensor = self.dropout(self.combine(torch.cat([context, features], -1)).tanh())
        return combined


def _attention(
    attention: str | type[CrossAttention], d_query: int, d_source: int, options: dict[str, Any]
) -> CrossAttention | None:
    if attention == "none":
        return None
    if isinstance(attention, str):
        from seqtoolkit import plugins

        attention = plugins.get_attention(attention)
    return attention(d_query, d_source, **options)
