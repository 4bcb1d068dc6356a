"""How each channel is centred and scaled: fitted on the training split, kept in the checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.labelled.sequences import Floats, Sequences
from seqtoolkit.files import is_number


@dataclass(frozen=True, eq=False)
class ChannelScale:
    """The model reads (x - center) / scale of each of F channels."""

    names: tuple[str, ...]
    center: NDArray[np.float64]  # (F,)
    scale: NDArray[np.float64]  # (F,), positive

    @classmethod
    def fit(cls, path: str, names: tuple[str, ...], values: NDArray[Any], shared: bool = False) -> Self:
        """Take the mean and the standard deviation of each channel of values (L, F), NaN left out.

        A constant channel keeps its scale; `shared`: one center and one scale for all channels, as of pixels.
        Raises ValueError that names a channel without any value.
        """
        known = np.isfinite(values)
        if not known.any(0).all():
            name = names[int(np.argmin(known.any(0)))]
            raise ValueError(
                f"{path}: channel {name!r} has no value in any training sequence; leave it out of the file"
            )
        axis = None if shared else 0
        center = np.nanmean(values, axis=axis, dtype=np.float64)
        spread = np.nanstd(values, axis=axis, dtype=np.float64)
        scale = np.where(spread > 1e-12 * np.maximum(1, np.abs(center)), spread, 1.0)
        width = len(names)
        return cls(names, np.broadcast_to(center, width), np.broadcast_to(scale, width))

    @classmethod
    def of(cls, value: Any, names: str = "channels") -> Self:
        """Read what `to_spec` wrote, from a file that may hold anything.

        Raises ValueError that says what is wrong.
        """
        columns = [value.get(key) if isinstance(value, dict) else None for key in (names, "center", "scale")]
        texts, center, scale = (column if isinstance(column, list) else [] for column in columns)
        if not len(texts) == len(center) == len(scale) > 0:
            raise ValueError(f"its {names}, center and scale must be lists of the same length")
        good = all(isinstance(text, str) for text in texts) and all(map(is_number, [*center, *scale]))
        if not good or min(scale) <= 0 or len(set(texts)) < len(texts):
            raise ValueError(f"its {names} must be different names, center numbers, scale positive numbers")
        return cls(tuple(texts), np.array(center, dtype=np.float64), np.array(scale, dtype=np.float64))

    def to_spec(self, names: str = "channels") -> dict[str, list[Any]]:
        """Return plain values for a spec."""
        return {names: list(self.names), "center": self.center.tolist(), "scale": self.scale.tolist()}

    def apply(self, values: NDArray[Any]) -> Floats:
        """Map values (L, F) in the user's units to what the model reads, centred in double precision."""
        centred: NDArray[np.float64] = values - self.center
        centred /= self.scale
        return centred.astype(np.float32)

    def undo(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return to the user's units."""
        return values * self.scale + self.center


def refuse_constant(train: Sequences) -> None:
    """Raise ValueError for a channel that never changes in training: it says nothing, and cannot be scaled."""
    low, high = np.nanmin(train.values, 0), np.nanmax(train.values, 0)
    still = np.flatnonzero(low == high).tolist()
    if still:
        raise ValueError(
            f"{train.path}: channel {train.channels[still[0]]!r} is {low[still[0]]:g} in all training series"
            f" ({len(still)} such channels), and says nothing; leave it out of the file, or choose --data.constant keep"
        )
