"""seqtoolkit: how far back does a sequence model remember, what does it look at, what does it cost.

Names are resolved on first use (PEP 562), so that `seqtoolkit.plugins` and `seqtoolkit.runs`
are imported without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqtoolkit.attention import CrossAttention as CrossAttention
    from seqtoolkit.batch import Batch as Batch
    from seqtoolkit.hookspecs import hookimpl as hookimpl
    from seqtoolkit.mixer import SequenceMixer as SequenceMixer
    from seqtoolkit.mixer import State as State
    from seqtoolkit.model import SequenceModel as SequenceModel
    from seqtoolkit.task import SequenceTask as SequenceTask

_HOME = {
    "Batch": "seqtoolkit.batch",
    "CrossAttention": "seqtoolkit.attention",
    "SequenceMixer": "seqtoolkit.mixer",
    "SequenceModel": "seqtoolkit.model",
    "SequenceTask": "seqtoolkit.task",
    "State": "seqtoolkit.mixer",
    "hookimpl": "seqtoolkit.hookspecs",
}
__all__ = ["Batch", "CrossAttention", "SequenceMixer", "SequenceModel", "SequenceTask", "State", "hookimpl"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("seqtoolkit")
    if name not in _HOME:
        raise AttributeError(f"module 'seqtoolkit' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
