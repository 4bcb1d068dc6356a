"""One thing that is worth knowing of what was measured. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that is worth knowing: what was seen, against which threshold, where, and what to try next."""

    kind: str
    text: str  # a sentence with the numbers
    numbers: dict[str, float]
    thresholds: dict[str, float]
    curve: str  # that shows it: a protocol, or a trace such as "forget_gate, block 0"
    next: str
    part: str = "model"  # that was measured: "model", "encoder" or "decoder"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.text} (see {self.curve}). Try: {self.next}"
