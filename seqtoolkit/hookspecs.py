"""The hooks a plugin may implement, and the two markers. Imports no torch.

A plugin is a module with a function marked `@hookimpl` for at least one of the hooks, named in the entry-point group
`seqtoolkit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from seqtoolkit.attention import CrossAttention
    from seqtoolkit.mixer import SequenceMixer

GROUP = "seqtoolkit"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def seqtoolkit_architectures() -> dict[str, type[SequenceMixer]]:  # type: ignore[empty-body]
    """Architectures that the plugin offers, by the name that `--model.arch` takes."""


@hookspec
def seqtoolkit_attentions() -> dict[str, type[CrossAttention]]:  # type: ignore[empty-body]
    """Attentions of a decoder to an encoder that the plugin offers, by the name that `--model.attention` takes."""
