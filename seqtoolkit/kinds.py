"""The kinds of things that plugins offer, and what the loader, the options and the laws ask of each. No torch.

A third kind is one more `Kind`, one hook of its name in `hookspecs`, and one field of its plural in `Plugin`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of thing that plugins offer.

    Args:
        word: what one is called in messages.
        plural: what several are called; the hook is `seqtoolkit_` and this.
        contract: the base class of all, a name at the top of seqtoolkit.
        option: what chooses one in a configuration, `model.` before it; its options are in `OPTION_config`.
        example: a name that one could have.
        widths: the constructor's first parameters, which are the core's to set.
        reserved: names that mean something else.
    """

    word: str
    plural: str
    contract: str
    option: str
    example: str
    widths: tuple[str, ...]
    reserved: tuple[str, ...] = ()

    @property
    def hook(self) -> str:
        """Name the hook that offers this kind."""
        return f"seqtoolkit_{self.plural}"

    @property
    def config(self) -> str:
        """Name the field of a configuration that holds the options of the chosen one."""
        return f"{self.option}_config"

    def __str__(self) -> str:
        return self.word

    def base(self) -> type[Any]:
        """Import the base class, and so torch."""
        import seqtoolkit

        found: type[Any] = getattr(seqtoolkit, self.contract)
        return found


ARCHITECTURE = Kind("architecture", "architectures", "SequenceMixer", "arch", "lstm", ("d_model",))
ATTENTION = Kind(
    "attention", "attentions", "CrossAttention", "attention", "additive", ("d_query", "d_source"), ("none",)
)
KINDS = (ARCHITECTURE, ATTENTION)
