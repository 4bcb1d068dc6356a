"""Checks of records that were read from a file, which may hold anything. Imports no torch."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from seqtoolkit.files import is_whole


def check_names(kind: str, value: Any, names: Collection[str]) -> None:
    """Raise ValueError unless `value` is an object without other fields than `names`."""
    if not isinstance(value, dict):
        raise ValueError(f"{kind} record: expected an object, found {value!r:.60}")
    if unknown := set(value) - set(names):
        raise ValueError(f"{kind} record: unknown fields {sorted(map(str, unknown))!s:.200}")


def check_texts(kind: str, value: dict[str, Any], **allowed: Collection[str] | None) -> None:
    """Raise ValueError unless each of these fields is a text, and one of those allowed where they are given."""
    for name, texts in allowed.items():
        found = value.get(name)
        if not isinstance(found, str) or (texts is not None and found not in texts):
            expected = "a text" if texts is None else f"one of {', '.join(texts)}"
            raise ValueError(f"{kind} record: {name!r} must be {expected}, found {found!r:.60}")


def check_wholes(kind: str, value: dict[str, Any], **least: int) -> None:
    """Raise ValueError unless each of these fields is a whole number of at least that size."""
    for name, smallest in least.items():
        if not is_whole(value.get(name), smallest):
            raise ValueError(
                f"{kind} record: {name!r} must be a whole number, {smallest} or more,"
                f" found {value.get(name)!r:.60}"
            )


def check_rest(kind: str, value: dict[str, Any]) -> None:
    """Raise ValueError unless `seed` is a whole number or missing, and `settings` an object or missing."""
    seed = value.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise ValueError(f"{kind} record: 'seed' must be a whole number or null, found {seed!r:.60}")
    if not isinstance(value.get("settings", {}), dict):
        raise ValueError(f"{kind} record: 'settings' must be an object, found {value['settings']!r:.60}")
