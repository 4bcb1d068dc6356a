"""What is read of a table before anything is known of it: rows from all over, and counts over all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seqtoolkit.data.tabular.tables import TableFile, polars

if TYPE_CHECKING:
    from polars import DataFrame

SAMPLE = 20_000  # rows from which the columns are guessed
BLOCKS = 20  # of a longer table: so many runs of rows
BLOCK = "\0block"  # the column that says from which run a row of the sample is


def drawn(file: TableFile) -> DataFrame:
    """Return rows from all over a table, in runs that are numbered in BLOCK, with the types that were found."""
    pl = polars()
    try:
        return _some(file, file.types)
    except pl.exceptions.PolarsError:  # such as whole numbers in the first rows only
        numbers = {name: pl.Float64 for name, kind in file.types.items() if kind.is_numeric()}
        with file.explained(dict.fromkeys(numbers, "number")):
            return _some(file, file.types | numbers)


def _some(file: TableFile, types: dict[str, Any]) -> DataFrame:
    pl = polars()
    table = file.scan(types)
    sample: DataFrame = table.head(SAMPLE).with_columns(pl.lit(0).alias(BLOCK)).collect()
    if len(sample) < SAMPLE:
        return sample
    apart = max(1, file.rows // BLOCKS)
    place = pl.col(BLOCK)
    some = table.with_row_index(BLOCK).filter(place % apart < SAMPLE // BLOCKS).with_columns(place // apart)
    found: DataFrame = some.collect(engine="streaming")
    return found


def missing_cells(file: TableFile, names: Sequence[str | None]) -> dict[str, int]:
    """Count the missing cells of columns of numbers, over the whole file piece by piece; those that have any."""
    pl = polars()
    asked = [name for name in names if name]
    if not asked:
        return {}
    known = {name: pl.Float64 for name in asked if file.types[name].is_numeric()}
    with file.explained(dict.fromkeys(asked, "number")):
        counts = file.scan(known).select(pl.col(asked).null_count()).collect(engine="streaming")
    return {name: int(count) for name, count in counts.row(0, named=True).items() if count}


def group_sizes(file: TableFile, group: str) -> tuple[int, int, int]:
    """Count the groups of the whole file, and the rows of the smallest and of the largest."""
    with file.explained({}):
        sizes = file.scan({}).group_by(group).len().select("len").collect(engine="streaming")["len"].to_list()
    return len(sizes), min(sizes), max(sizes)
