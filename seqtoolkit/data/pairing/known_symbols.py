"""The symbols of a checkpoint of pairs, for data that goes on with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from seqtoolkit.checkpoint import described
from seqtoolkit.codec import Codec
from seqtoolkit.data.lines import MAX_LINE
from seqtoolkit.data.pairing.symbols import Side
from seqtoolkit.files import is_whole


@dataclass(frozen=True)
class KnownSymbols:
    """What a checkpoint says of its symbols."""

    codec: Codec
    max_steps: int  # symbols in its longest answer
    made_of: dict[str, str]  # `source` and `target`, as they were chosen

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read them from a file, which may hold anything.

        Raises ValueError that names the file.
        """
        spec = described(path).spec
        if spec.get("task") != "pairs":
            raise ValueError(f"{path} is of the task {spec.get('task')!r:.80}; expected one of PairsData")
        try:
            codec = Codec.from_dict(spec.get("codec"))
        except ValueError as error:
            raise ValueError(f"{path}: its codec is wrong: {error}") from None
        steps = spec.get("max_steps")
        if not is_whole(steps, 1) or steps > 2 * MAX_LINE:  # its longest answer was in a line
            raise ValueError(f"{path}: its max_steps is {steps!r:.80}; expected a whole number, 1 or more")
        made_of = spec["made_of"] if isinstance(spec.get("made_of"), dict) else {}
        return cls(codec, steps, {name: str(made_of.get(name, "")) for name in ("source", "target")})

    @property
    def sides(self) -> tuple[Side, Side]:
        """How texts are taken apart; symbols that were listed are in the codec."""
        return Side(self.codec.words), Side(self.codec.answer_words)
