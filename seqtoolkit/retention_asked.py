"""What decides the numbers of a measurement, beside its seed: with the same again, a stored curve is reused.

Imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from seqtoolkit.retention.record import Record

if TYPE_CHECKING:
    from seqtoolkit.retention_options import Options


def question(protocol: str, options: Options, checkpoint: str, data: str) -> dict[str, Any]:
    """Return what is asked of a checkpoint (its digest) by a protocol; `data` is the digest of what it is asked on.

    Independent inputs have none.
    """
    asked: dict[str, Any] = {"checkpoint": checkpoint, "version": _version()} | (
        {"data": data} if data else {}
    )
    if protocol == "recall":
        return asked | {"split": options.split}
    asked |= {"sequences": options.count(protocol), "lags": list(options.lags)}
    return asked | ({"split": options.split} if protocol == "truncation" else {"steps": options.steps})


def asked_of(record: Record) -> dict[str, Any]:
    """Return what a record was asked; nothing where that is not kept, as in records of `test`."""
    asked = record.settings.get("asked")
    return asked if isinstance(asked, dict) else {}


def differences(pairs: Iterable[tuple[Record, dict[str, Any]]]) -> list[str]:
    """Name what is asked otherwise now than of the records, as far as it is known: data, lags, ..."""
    asked = ((asked_of(record), now) for record, now in pairs)
    return sorted({name for was, now in asked if was for name in now if was.get(name) != now[name]})


def _version() -> str:
    """Return major and minor version of what measures: another one may measure otherwise."""
    return ".".join(version("seqtoolkit").split(".")[:2])
