"""Read the text format of aeon and sktime (.ts): a header, then a sequence a line, its channels separated by ":".

Values of a channel are separated by commas, "?" is a missing value, and the label, a class or a number, comes last.
See https://www.aeon-toolkit.org (data formats).
"""

from __future__ import annotations

import math

import numpy as np

from seqtoolkit.data.labelled.sequences import Sequences, Values, check_steps
from seqtoolkit.data.labelled.ts_header import EXAMPLE, EXPECTED, Header
from seqtoolkit.data.opened import STDIN, opened


def read_ts(path: str) -> Sequences:
    """Read a .ts file, also packed as .gz or .xz, or standard input (-); its channels are called 1, 2, ...

    Raises ValueError with file and line: no header, another number of channels or steps than declared, a label that is
    not declared, something that is no number, an infinite value, no sequence at all.
    """
    name = "standard input" if path == STDIN else path
    rows = _Rows(name)
    with opened(path, EXPECTED) as file:
        for number, line in enumerate(file, 1):
            try:
                rows.take(number, line.decode().removeprefix("\ufeff").strip())
            except UnicodeDecodeError:
                raise ValueError(f"{name}, line {number}: not UTF-8; expected {EXPECTED}") from None
            except ValueError as error:
                raise ValueError(f"{name}, line {number}: {error}") from None
    return rows.result()


class _Rows:
    """The lines so far: those of the header until @data, then the sequences."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.header = Header()
        self.begun = False
        self.series: list[Values] = []
        self.labels: list[str] = []
        self.places: list[int] = []

    def take(self, number: int, line: str) -> None:
        """Read one line; blank ones and comments are skipped."""
        if not line or line.startswith("#"):
            return
        if self.begun:
            self._sequence(line)
            self.places.append(number)
        elif line.lower() == "@data":
            self.header.check()
            self.begun = True
        elif line.startswith("@"):
            self.header.take(line)
        else:
            raise ValueError(f"{line!r:.40} before @data; expected {EXPECTED}")

    def result(self) -> Sequences:
        """Return all sequences."""
        if not self.series:
            lacks = "no sequence after @data" if self.begun else "no @data line"
            raise ValueError(f"{self.name} has {lacks}; expected {EXPECTED}")
        target, labels = self.header.target, tuple(self.labels)
        found = Sequences(
            path=self.name,
            lengths=np.array([len(one) for one in self.series], dtype=np.int64),
            values=np.concatenate(self.series),
            channels=tuple(str(i) for i in range(1, self.series[0].shape[1] + 1)),
            labels=np.array(labels, dtype=np.float64) if target == "values" else labels if target else None,
            classes=self.header.classes,
            unit="line",
            places=np.array(self.places, dtype=np.int64),
        )
        check_steps(found)
        return found

    def _sequence(self, line: str) -> None:
        *texts, label = line.split(":") if self.header.target else [*line.split(":"), ""]
        self._check_channels(len(texts))
        channels = [_values(text, number) for number, text in enumerate(texts, 1)]
        for number, channel in enumerate(channels, 1):
            if len(channel) != len(channels[0]):
                raise ValueError(
                    f"channel {number} has {len(channel)} steps and channel 1 has {len(channels[0])};"
                    " expected as many in each"
                )
        self._check_steps(len(channels[0]))
        self._check_label(label.strip())
        self.series.append(np.stack(channels, 1))
        self.labels.append(label.strip())

    def _check_channels(self, count: int) -> None:
        header = self.header
        declared = header.dimensions or (1 if header.univariate else 0)
        expected = declared or (self.series[0].shape[1] if self.series else count)
        if count != expected or not count:
            origin = "the header declares" if declared else "the first sequence has"
            label = " and a label behind them" if header.target else ""
            raise ValueError(
                f"{count} channels, and {origin} {expected}; expected as many on every line, separated by ':'"
                f"{label} (is the line cut off?)"
                if expected
                else f"a label and no channel; expected {EXAMPLE}"
            )

    def _check_steps(self, steps: int) -> None:
        expected = self.header.length or (len(self.series[0]) if self.series else steps)
        if self.header.equal and steps != expected:
            raise ValueError(
                f"{steps} steps, and the header says that all have {expected}; write @equalLength false for"
                " sequences of different lengths (is the line cut off?)"
            )

    def _check_label(self, label: str) -> None:
        if self.header.target == "classes" and label not in self.header.classes:
            named = " ".join(self.header.classes)
            raise ValueError(f"the label {label!r:.40} is none of @classLabel, {named:.80}; mend one of them")
        if self.header.target == "values" and not _is_finite(label):
            raise ValueError(f"the target {label!r:.40} is no finite number; expected one such as 0.5")


def _values(text: str, number: int) -> Values:
    """Return the values of one channel; missing ones are NaN."""
    if not text.strip():
        raise ValueError(f"channel {number} has no values; expected some such as 1.0,2.0")
    words = text.split(",")
    try:
        return np.array(text.replace("?", "nan").split(","), dtype=np.float64)
    except ValueError:
        bad = next((word for word in words if word.strip() != "?" and not _is_number(word)), text)
        raise ValueError(
            f"channel {number} has {bad.strip()!r:.40}; expected numbers, and ? where one is missing"
        ) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_finite(text: str) -> bool:
    return _is_number(text) and math.isfinite(float(text))
