"""Number the different texts of a column in the order in which they are met."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.tabular.tables import polars

if TYPE_CHECKING:
    from polars import Series

MISSING = -1


class Coder:
    """Texts to numbers from 0; a cell without a text is MISSING."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.codes = {text: number for number, text in enumerate(known)}

    @property
    def texts(self) -> list[str]:
        """The texts, each at its number."""
        return list(self.codes)

    def __call__(self, column: Series) -> NDArray[np.int32]:
        """Return the numbers of a column of texts (L,)."""
        found = column.unique(maintain_order=True).drop_nulls().to_list()
        numbers = [self.codes.setdefault(text, len(self.codes)) for text in found]
        coded = column.replace_strict(found, numbers, default=MISSING, return_dtype=polars().Int32)
        return coded.to_numpy()
