"""What one plugin offers: its hooks, called apart from every other plugin's, and checked. No torch until then."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint, version
from typing import Any

import pluggy

from seqtoolkit import hookspecs
from seqtoolkit.hookspecs import GROUP
from seqtoolkit.kinds import KINDS, Kind


class PluginError(ValueError):
    """A plugin, or the choice of one, that cannot be used; the message says what to do."""


def offers(module: Any) -> dict[str, Any]:
    """Register one plugin in a manager of its own; return what its hooks offer, checked, by the kinds' plurals."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    hooks = {kind: getattr(manager.hook, kind.hook) for kind in KINDS}
    found = {kind.plural: _checked(kind, hook()) for kind, hook in hooks.items() if hook.get_hookimpls()}
    if not found:
        wanted = " or ".join(kind.hook for kind in KINDS)
        raise PluginError(f"no hook: mark a function {wanted} with @seqtoolkit.hookimpl")
    return found


def _checked(kind: Kind, results: list[Any]) -> dict[str, type[Any]]:
    offer = results[0] if results else None  # pluggy leaves None out
    if not isinstance(offer, dict) or not offer:
        raise PluginError(f"{kind.hook} returned {offer!r}, expected a dict of name: class")
    for name, cls in offer.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise PluginError(
                f"an {kind}'s name must be an identifier such as {kind.example!r}, not {name!r}"
            )
        if name in kind.reserved:
            raise PluginError(
                f"{kind} {name!r}: --model.{kind.option} {name} means something else, rename it"
            )
        if not isinstance(cls, type) or not issubclass(cls, kind.base()):
            raise PluginError(f"{kind} {name!r} is {cls!r}, expected a subclass of {kind.contract}")
    return offer


def check_requirement(entry: EntryPoint) -> None:
    """Refuse a plugin whose distribution requires another version of seqtoolkit."""
    from packaging.requirements import Requirement  # slow to import, and not needed to list names

    ours = version("seqtoolkit")
    for text in (entry.dist.requires if entry.dist else None) or []:
        wanted = Requirement(text)
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        fits = wanted.specifier.contains(ours, prereleases=True)
        if canonical(wanted.name) == "seqtoolkit" and applies and not fits:
            raise PluginError(f"requires seqtoolkit {wanted.specifier}, this is {ours}: upgrade one of them")


def canonical(distribution: str) -> str:
    """Normalize a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
