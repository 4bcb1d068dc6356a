"""The contract of an architecture: a causal map (B, T, D) -> (B, T, D) along time, with explicit state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from torch import Tensor, nn

# Tensors, in tuples, lists or dicts as deep as you like. In every tensor the first axis is the batch.
State: TypeAlias = Any


class SequenceMixer(nn.Module, ABC):
    """Base class of every architecture: mixes information along time, and nothing else.

    The one law: `forward(x[:, :k])`, then `forward(x[:, k:], state)`, equals `forward(x)`, for every k.
    `None` is the initial state, T = 1 is a step, and the output at t depends on inputs up to t only.
    The constructor takes `d_model` first; everything else needs a default, a type and a JSON-plain value.
    Embedding, norms, residuals, dropout, heads and training are the core's, the same for every mixer.
    """

    @abstractmethod
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mix x (B, T, D), continuing from `state`; return (B, T, D) and the state after the last step."""

    def trace(self, x: Tensor, state: State | None = None) -> dict[str, Tensor]:
        """Return named internals of the same forward, or nothing; in each tensor the first axis is the batch.

        Standard names: `forget_gate`, `input_gate`, `output_gate`, `update_gate`, `reset_gate`, `cell`, and
        `hidden`, each (B, T, D); `retention` (B, T, D), the share in (0, 1) of its past that a channel keeps;
        `query` (B, H, T, E) and `key` (B, H, S, E) after position encoding, S counting the steps kept in
        `state` too, with `reach` (B, T): query t sees that many keys, the latest of them key S - T + t, and
        weighs them by softmax(query @ key^T / sqrt(E)).
        """
        return {}


def tensors(state: State) -> Iterator[Tensor]:
    """Yield every tensor in a state, in a fixed order."""
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, dict):
        for name in sorted(state):
            yield from tensors(state[name])
    elif isinstance(state, (tuple, list)):
        for part in state:
            yield from tensors(part)
    elif state is not None:
        raise TypeError(f"a state holds tensors in tuples, lists or dicts; found {type(state).__name__}")


def map_state(function: Callable[[Tensor], Tensor], state: State) -> State:
    """Apply `function` to every tensor of a state and keep its structure."""
    if isinstance(state, Tensor):
        return function(state)
    if isinstance(state, dict):
        return {name: map_state(function, part) for name, part in state.items()}
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        return type(state)(*(map_state(function, part) for part in state))
    if isinstance(state, (tuple, list)):
        return type(state)(map_state(function, part) for part in state)
    if state is None:
        return None
    raise TypeError(f"a state holds tensors in tuples, lists or dicts; found {type(state).__name__}")


def select_rows(state: State, rows: Tensor) -> State:
    """Keep the given batch rows (a long or bool index) of a state, in that order."""
    return map_state(lambda tensor: tensor[rows], state)


def state_bytes(state: State) -> int:
    """Count the bytes of one batch row of a state, from its tensors."""
    return sum(tensor.nbytes // max(1, tensor.shape[0]) for tensor in tensors(state))
