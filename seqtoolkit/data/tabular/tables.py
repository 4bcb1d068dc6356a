"""Tables from files: CSV, Parquet and Arrow, read by polars piece by piece, and only the columns that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame

Kind = Literal["number", "text", "time"]
CELLS = 2_000_000  # of a piece: 16 MB in double precision
FORMATS = "a CSV (or TSV), Parquet or Arrow file"


def polars() -> Any:
    """Import polars, which only tables need.

    Raises ValueError that says how to install it.
    """
    try:
        import polars
    except ImportError:
        raise ValueError("reading tables needs polars; type pip install 'seqtoolkit[tables]'") from None
    return polars


@dataclass(frozen=True)
class TableFile:
    """A table that was found, and not read yet. Rows are counted from 1, without the header."""

    name: str  # as it was given
    sha256: str
    types: dict[
        str, Any
    ]  # of each column: what polars found (Parquet, Arrow), or guessed from its first rows (CSV)
    scan: Callable[[dict[str, Any]], LazyFrame]  # read a CSV with these column types, and the others as texts
    damage: Callable[[], str]  # find what is wrong with it, when polars could not read it

    @property
    def rows(self) -> int:
        """Count the rows, without keeping them.

        Raises ValueError when there are none, and for a row of a CSV that ends before the others.
        """
        pl = polars()
        with self.explained({}):
            asked = pl.len(), pl.last().null_count().alias("open")
            count, unended = self.scan({}).select(asked).collect(engine="streaming").row(0)
        if unended and (what := self.damage()):
            raise ValueError(f"{self.name} cannot be read: {what}")
        if not count:
            raise ValueError(f"{self.name} has no rows; expected {FORMATS} with a row for each time step")
        return int(count)

    def require(self, wanted: Mapping[str, str]) -> None:
        """Check that columns {name: option that asks for it} are there.

        Raises ValueError that names the file, the column, and the columns like it.
        """
        for column, option in wanted.items():
            if column not in self.types:
                raise ValueError(
                    f"{self.name} has no column {column!r}, which {option} asks for; its columns are"
                    f" {_listed(get_close_matches(column, self.types, 3, 0.5) or list(self.types))}"
                )

    def pieces(self, kinds: Mapping[str, Kind]) -> Iterator[DataFrame]:
        """Yield the rows of these columns in pieces: numbers as Float64, texts as String, times as they are.

        Raises ValueError with file, row and column for a cell that is of another kind.
        """
        pl = polars()
        casts = {"number": pl.Float64, "text": pl.String}
        chosen = [
            pl.col(name) if kind == "time" else pl.col(name).cast(casts[kind]) for name, kind in kinds.items()
        ]
        size = max(64, CELLS // max(1, len(kinds)))
        with self.explained(kinds):
            yield from self.scan(self._types(kinds)).select(chosen).collect_batches(chunk_size=size)

    def explained(self, kinds: Mapping[str, Kind]) -> _Explained:
        """Turn what polars raises inside into one clear ValueError."""
        return _Explained(self, kinds)

    def _types(self, kinds: Mapping[str, Kind]) -> dict[str, Any]:
        pl = polars()
        number = {name: pl.Boolean if self.types[name] == pl.Boolean else pl.Float64 for name in kinds}
        return {name: number[name] if kind == "number" else pl.String for name, kind in kinds.items()}

    def first_bad(self, column: str) -> tuple[int, str] | None:
        """Find the first row (from 1) and text of a column that is no number."""
        pl = polars()
        text = pl.col(column).cast(pl.String)
        number = text.str.strip_chars_start(" ").cast(pl.Float64, strict=False)
        bad = text.is_not_null() & number.is_null()
        frame = self.scan({column: pl.String}).select(text).with_row_index("row", 1).filter(bad)
        found = frame.head(1).collect().rows()
        return (int(found[0][0]), str(found[0][1])) if found else None


class _Explained:
    """A context in which errors of polars become one ValueError that names the file, and where it can the cell."""

    def __init__(self, file: TableFile, kinds: Mapping[str, Kind]) -> None:
        self.file, self.kinds = file, kinds

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, polars().exceptions.PolarsError):
            self._bad_cell()
            raise ValueError(
                f"{self.file.name} cannot be read: {self.file.damage() or first_line(error)}"
            ) from None

    def _bad_cell(self) -> None:
        for name, kind in self.kinds.items():
            try:
                found = self.file.first_bad(name) if kind == "number" else None
            except polars().exceptions.PolarsError:  # the file is damaged beyond this column
                return
            if found is not None:
                raise ValueError(text_found(self.file.name, name, *found)) from None


def text_found(file: str, column: str, row: int, text: str) -> str:
    """Say that a column of numbers holds a text."""
    return (
        f"{file}, row {row:,}: column {column!r} has {text!r:.80}; expected a number (or an empty cell)."
        " Mend it, or name the column in --data.categorical, or the columns to read in --data.channels"
    )


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
