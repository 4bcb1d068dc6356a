"""SequenceModel: embed, N mixer blocks, head. A plain nn.Module; nothing here knows Lightning or a task."""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from seqtoolkit.mixer import SequenceMixer, State, select_rows

BlockKind = Literal["plain", "residual"]


class Block(nn.Module):
    """One layer: the mixer alone (plain), or norm, mixer, residual and an optional MLP (Vaswani 2017, pre-norm)."""

    def __init__(
        self, mixer: nn.Module, d_model: int, kind: BlockKind, mlp_ratio: float, dropout: float
    ) -> None:
        super().__init__()
        self.mixer = mixer
        self.residual = kind == "residual"
        self.norm = nn.LayerNorm(d_model) if self.residual else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        hidden = round(mlp_ratio * d_model)
        self.mlp = _mlp(d_model, hidden, dropout) if hidden else None

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map x (B, T, D), continuing from `state`, to (B, T, D) and the mixer's new state."""
        mixed, state = self.mixer(self.norm(x), state)
        return self.add(x, mixed), state

    def add(self, x: Tensor, mixed: Tensor) -> Tensor:
        """Join what the mixer made (B, T, D) with the block's input, and pass the MLP."""
        x = x + self.dropout(mixed) if self.residual else self.dropout(mixed)
        return x if self.mlp is None else x + self.mlp(x)


def _mlp(d_model: int, hidden: int, dropout: float) -> nn.Module:
    first, second = nn.Linear(d_model, hidden), nn.Linear(hidden, d_model)
    return nn.Sequential(nn.LayerNorm(d_model), first, nn.GELU(), second, nn.Dropout(dropout))


class SequenceModel(nn.Module):
    """A causal model of sequences: inputs (B, T) tokens or (B, T, F) features to scores (B, T, num_classes).

    Only the mixer differs between two architectures, so a comparison of two models is one of their mixers.

    Args:
        arch: the name of an installed architecture ("lstm"), or a SequenceMixer class.
        num_classes: V, the width of the head.
        vocab_size: number of token ids; 0 when the inputs are features.
        num_features: F, the width of feature inputs; 0 when the inputs are tokens.
        d_model: D, the width of every layer.
        num_layers: number of blocks.
        block: `plain` stacks mixers as in the classics; `residual` adds norm and skip around each.
        mlp_ratio: width of the MLP after each mixer, as a multiple of d_model; 0 for none.
        dropout: share of activations dropped after the embedding, each mixer and each MLP.
        arch_config: options of the architecture's constructor.
        tie: whether the head uses the weights of the embedding (Press & Wolf 2017); then every token is a class.

    Raises:
        ValueError: the architecture or an option is unknown, or a size is impossible.
    """

    def __init__(
        self,
        arch: str | type[SequenceMixer],
        num_classes: int,
        vocab_size: int = 0,
        num_features: int = 0,
        d_model: int = 128,
        num_layers: int = 2,
        block: BlockKind = "residual",
        mlp_ratio: float = 0.0,
        dropout: float = 0.0,
        arch_config: dict[str, Any] | None = None,
        tie: bool = False,
    ) -> None:
        super().__init__()
        if tie and vocab_size != num_classes:
            raise ValueError(f"tie needs as many classes as tokens; got {num_classes} and {vocab_size}")
        if block not in get_args(BlockKind):
            raise ValueError(f"block is {block!r}; expected one of {', '.join(get_args(BlockKind))}")
        _check_inputs(vocab_size, num_features)
        check_sizes(d_model=d_model, num_layers=num_layers)
        build = mixer_class(arch)
        options = arch_config or {}
        self.embedding = nn.Embedding(vocab_size, d_model) if vocab_size else nn.Linear(num_features, d_model)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(build(d_model, **options), d_model, block, mlp_ratio, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(d_model) if block == "residual" else nn.Identity()
        self.head = TiedHead(self.embedding, d_model) if tie else nn.Linear(d_model, num_classes)
        self.scale = d_model**0.5 if tie else 1.0

    def forward(
        self, inputs: Tensor, state: State | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return scores and the state after the last step.

        Scores are (B, T, V); with `mask` (B, T) only the N marked positions pass the head, row by row: (N, V).
        """
        features, state = self.features(self.embed(inputs), state)
        return self.head(features if mask is None else features[mask]), state

    def embed(self, inputs: Tensor) -> Tensor:
        """Map tokens (B, T) or features (B, T, F) to (B, T, D)."""
        embedded: Tensor = self.embedding(inputs)
        return embedded if self.scale == 1 else embedded * self.scale

    mixes_lengths = False  # a causal model reads prompts of several lengths in batches of their own

    def begin(self, prompts: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        """Read whole prompts (B, P), all of the same length; return the scores (B, V) after them, and the state."""
        return self.advance(prompts)

    def advance(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read tokens (B, T), continuing from `state`; return the scores (B, V) after the last, and the state."""
        features, state = self.features(self.embed(tokens), state)
        return self.head(features[:, -1]), state

    def branch(self, state: State, going: Tensor | None, rows: Tensor) -> State:
        """Return the state of the given rows (B, K) of the batch."""
        return select_rows(state, rows.flatten())

    def features(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map embedded inputs (B, T, D) to what the head reads (B, T, D), and the state of each block."""
        return self.layers(self.dropout(x), state)

    def layers(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Do what `features` does, with inputs (B, T, D) that have passed the dropout."""
        states = []
        for i, block in enumerate(self.blocks):
            x, after = block(x, None if state is None else state[i])
            states.append(after)
        return self.norm(x), tuple(states)

    @torch.no_grad()
    def trace(self, inputs: Tensor) -> list[dict[str, Tensor]]:
        """Return the trace of every block's mixer (see SequenceMixer.trace) for inputs (B, T)."""
        return self.trace_embedded(self.embed(inputs))

    @torch.no_grad()
    def trace_embedded(self, x: Tensor) -> list[dict[str, Tensor]]:
        """Return the trace of every block's mixer for embedded inputs (B, T, D)."""
        x, traces = self.dropout(x), []
        for block in self.blocks:
            assert isinstance(block, Block)
            assert isinstance(block.mixer, SequenceMixer)
            traces.append(block.mixer.trace(block.norm(x)))
            x, _ = block(x)
        return traces


class TiedHead(nn.Module):
    """Score each token by the embedding that it has as an input; only the bias is the head's own.

    The embedding starts small, with a standard deviation of 1 / sqrt(D), so that the scores do not start large.
    """

    def __init__(self, embedding: nn.Module, d_model: int) -> None:
        super().__init__()
        assert isinstance(embedding, nn.Embedding)
        nn.init.normal_(embedding.weight, std=d_model**-0.5)
        self._embedding = (embedding,)  # in a tuple: the weights are saved once, as the embedding's
        self.bias = nn.Parameter(torch.zeros(embedding.num_embeddings))

    def forward(self, features: Tensor) -> Tensor:
        """Map (..., D) to scores (..., V)."""
        return nn.functional.linear(features, self._embedding[0].weight, self.bias)


def count_parameters(module: nn.Module) -> int:
    """Count the trainable weights."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def mixer_class(arch: str | type[SequenceMixer]) -> type[SequenceMixer]:
    """Return the class of an architecture; a name is looked up among the installed ones."""
    if not isinstance(arch, str):
        return arch
    from seqtoolkit import plugins

    return plugins.get(arch)


def check_sizes(**sizes: int) -> None:
    """Raise ValueError for a size below 1, by its name."""
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")


def _check_inputs(vocab_size: int, num_features: int) -> None:
    if (vocab_size > 0) == (num_features > 0):
        raise ValueError(f"give vocab_size or num_features, one of them; got {vocab_size} and {num_features}")
