"""Plugins as their authors may write them, and what is loaded of them."""

import pytest

from seqtoolkit import plugins
from seqtoolkit.kinds import ARCHITECTURE, ATTENTION, KINDS
from seqtoolkit.plugins import Plugin

SOUND = """
from seqtoolkit import SequenceMixer, hookimpl

class Mixer(SequenceMixer):
    "Passes its input on."
    def __init__(self, d_model: int) -> None:
        super().__init__()
    def forward(self, x, state=None):
        return x, state

@hookimpl
def seqtoolkit_architectures():
    return {"NAME": Mixer}
"""

LOOKING = """
from seqtoolkit import CrossAttention, hookimpl

class Look(CrossAttention):
    "Looks at everything alike."
    def forward(self, query, prepared, mask):
        weights = mask[:, None, None] / mask.sum(1)[:, None, None, None]
        return weights[:, 0] @ prepared, weights.expand(-1, 1, query.shape[1], -1)

@hookimpl
def seqtoolkit_attentions():
    return {"NAME": Look}
"""

SOURCES = {ARCHITECTURE: SOUND, ATTENTION: LOOKING}
BUILT_IN = {"attention", "gru", "lstm", "rnn"}
ATTENTIONS = {"additive", "concat", "dot", "general", "multihead"}
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def loaded() -> dict[str, Plugin]:
    return {plugin.key: plugin for plugin in plugins.load()}
