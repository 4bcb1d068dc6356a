"""What one attention head does over a test split: how sharp, how right, how honest. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Self

from seqtoolkit.files import is_number
from seqtoolkit.retention.checked import check_names, check_rest, check_texts, check_wholes

QUANTITIES = ("entropy", "gold_share", "faithfulness")
_KIND = "alignment"
_VALUES = ("estimate", "lower", "upper", "null")


@dataclass(frozen=True)
class AlignmentRecord:
    """The mean of one quantity over examples for one head, its 95 % interval, and what it would be by chance.

    - entropy of the weights, in nats; null: of uniform ones.
    - gold_share: the weight on the source symbols of a gold alignment; null: of uniform weights.
    - faithfulness: the rank correlation of the weights with the influence of each source symbol; null: of weights
      that are permuted over the source.
    """

    probe: ClassVar[str] = "alignment"  # the stem of the file that holds such records

    head: int  # from 0
    quantity: str  # one of QUANTITIES
    estimate: float
    lower: float
    upper: float
    null: float
    n: int  # examples
    seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a record from plain values, checking every field.

        Raises ValueError that names the field.
        """
        check_names(_KIND, value, [f.name for f in fields(cls)])
        check_texts(_KIND, value, quantity=QUANTITIES)
        check_wholes(_KIND, value, head=0, n=1)
        check_rest(_KIND, value)
        for name in _VALUES:
            if not is_number(value.get(name)):
                raise ValueError(
                    f"{_KIND} record: {name!r} must be a finite number, found {value.get(name)!r:.60}"
                )
        if not value["lower"] <= value["estimate"] <= value["upper"]:
            raise ValueError(f"{_KIND} record: 'estimate' must lie between 'lower' and 'upper'")
        return cls(**value)
