"""The half of an encoder-decoder that reads: tokens to one output for each step, and the last outputs of each row."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from seqtoolkit.bidirectional import Bidirectional
from seqtoolkit.mixer import SequenceMixer
from seqtoolkit.model import Block, BlockKind, check_sizes, mixer_class


class Encoder(nn.Module):
    """Embed, N mixer blocks in one direction or in both, norm. The arguments are those of SequenceModel."""

    def __init__(
        self,
        arch: str | type[SequenceMixer],
        vocab_size: int,
        d_model: int,
        num_layers: int,
        bidirectional: bool,
        block: BlockKind,
        mlp_ratio: float,
        dropout: float,
        arch_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        check_sizes(vocab_size=vocab_size, encoder_width=d_model, encoder_layers=num_layers)
        build, options = mixer_class(arch), arch_config or {}

        def mixer() -> nn.Module:
            if not bidirectional:
                return build(d_model, **options)
            return Bidirectional(build(d_model, **options), build(d_model, **options), d_model)

        self.bidirectional = bidirectional
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(mixer(), d_model, block, mlp_ratio, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(d_model) if block == "residual" else nn.Identity()
        self.d_summary = 2 * d_model if bidirectional else d_model

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read tokens (B, S), whose rows have `lengths` (B,) real steps.

        Return the outputs (B, S, D), and what a reader has after the last step: the output there (B, D), and, when it
        reads from both ends, the output at the first step beside it (B, 2 D).
        """
        read = self.features(self.embedding(tokens), lengths)
        last = read[torch.arange(len(read), device=read.device), lengths - 1]
        return read, torch.cat([last, read[:, 0]], -1) if self.bidirectional else last

    def features(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map embedded tokens (B, S, D), whose rows have `lengths` (B,) real steps, to the outputs (B, S, D)."""
        x = self.dropout(x)
        for block in self.blocks:
            assert isinstance(block, Block)
            x = block.add(x, self._mix(block, block.norm(x), lengths))
        read: Tensor = self.norm(x)
        return read

    def _mix(self, block: Block, x: Tensor, lengths: Tensor) -> Tensor:
        mixed: Tensor = block.mixer(x, lengths) if self.bidirectional else block.mixer(x)[0]
        return mixed
