"""What is on screen, as a value and as the query string of the URL: copy the link, get the same picture."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self
from urllib.parse import parse_qs, quote, urlencode

Scale = Literal["linear", "log"]
_LIMIT = 16_384  # characters of a query string
_LARGEST = 10**12  # no layer, row, unit or training step is larger


@dataclass(frozen=True)
class View:
    """The view state; every field is a parameter of the URL, left out where it has its default."""

    q: str = ""  # words searched for in the table of runs
    run: tuple[str, ...] = ()  # selected runs; none means the newest of each architecture
    metric: tuple[str, ...] = ()  # none means the losses
    y: Scale = "linear"
    smooth: float = 0.0
    probe: str = ""  # the checkpoint whose retention is drawn
    lag: Scale = "linear"
    protocol: tuple[str, ...] = ()  # none means all that are stored
    axes: str = "multiples"  # of several protocols: a picture for each, an axis for each unit, or one for all
    measure: str = "error_rate"  # of answers, over the length of the source
    matrix: str = "counts"  # of a confusion: counts, or shares of each true class
    examples: str = "worst"  # those that are shown: worst, or drawn by chance
    compare: str = ""  # the folder of the comparison that is shown
    look: str = ""  # the run that is opened, or whose data are shown
    checkpoint: str = ""
    text: str = ""  # none means the example of the checkpoint
    layer: int = 1
    head: int = 0  # 0 means all of them
    edit: str = ""  # another input, read beside the first
    other: str = ""  # another run, opened beside the first
    other_checkpoint: str = ""
    row: int = 0  # the pinned target symbol, from 1; 0 means none
    beams: int = 4
    side: str = "encoder"  # of an encoder-decoder, whose gates are shown
    sample: int = 0  # so many drawn symbols are read instead of the text
    unit: int = 0  # the unit whose trace is shown, from 1; 0 means none

    @classmethod
    def parse(cls, search: str | None) -> Self:
        """Read a query string; whatever has the wrong type or value counts as left out."""
        try:
            found = parse_qs((search or "").lstrip("?")[:_LIMIT], keep_blank_values=True, max_num_fields=500)
        except ValueError:
            return cls()
        return cls(**{f.name: _coerce(f.default, found[f.name]) for f in fields(cls) if f.name in found})

    def search(self) -> str:
        """Write the query string."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return f"?{urlencode(given, doseq=True, quote_via=quote)}" if given else ""

    def updated(self, values: dict[str, Any]) -> Self:
        """Return this view with the values that controls hold."""
        defaults = {f.name: f.default for f in fields(self)}
        texts = {name: _texts(value) for name, value in values.items()}
        return replace(self, **{name: _coerce(defaults[name], found) for name, found in texts.items()})


def _texts(value: Any) -> list[str]:
    """Return what a control holds as the texts a query string would hold."""
    several = value if isinstance(value, (list, tuple)) else [value]
    return [str(item) for item in several if item is not None]


def _coerce(default: Any, texts: list[str]) -> Any:
    """Read texts as the type of the default; the default where they cannot be."""
    if isinstance(default, tuple):
        return tuple(dict.fromkeys(text for text in texts if text))
    text = texts[-1] if texts else ""
    if default == "linear":
        return "log" if text == "log" else "linear"
    if isinstance(default, str):
        return text
    return _number(default, text)


def _number(default: Any, text: str) -> Any:
    """Read a count, or a fraction with two digits."""
    try:
        if isinstance(default, int):
            return min(max(0, int(text)), _LARGEST)
        return round(min(max(0.0, float(text)), 0.99), 2)  # max(0, nan) is 0
    except ValueError:
        return default
