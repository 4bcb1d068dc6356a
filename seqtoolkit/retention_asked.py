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


def question(protocol: str, options: Options, checkpoint: str, data: str, owners: str) -> dict[str, Any]:
    """Return what is asked of a checkpoint (its digest) by a protocol.

    Args:
        protocol: its name.
        options: of the command.
        checkpoint: the digest of its file.
        data: the digest of what it is asked on; empty for independent inputs.
        owners: the distributions and versions that offer its architectures, "seqtoolkit 0.1.0, others 2.1".
    """
    asked: dict[str, Any] = {"checkpoint": checkpoint, "version": _version()}
    others = [owner for owner in owners.split(", ") if owner.split()[0] != "seqtoolkit"]
    asked |= {name: value for name, value in (("data", data), ("plugin", ", ".join(others))) if value}
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
