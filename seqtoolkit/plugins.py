"""Discover plugins, load each one alone, keep failures as data, and look architectures up by name.

Loading imports the plugins' modules (and so torch); `names()` reads installed metadata only.
"""

from __future__ import annotations

import difflib
import functools
import os
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points, version
from typing import TYPE_CHECKING, Any

import pluggy

from seqtoolkit import hookspecs
from seqtoolkit.hookspecs import GROUP

if TYPE_CHECKING:
    from seqtoolkit.mixer import SequenceMixer

DISABLE = "SEQTOOLKIT_DISABLE_PLUGINS"


class PluginError(ValueError):
    """A plugin, or the choice of one, that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Plugin:
    """One installed entry point: what it offers, or why it is disabled."""

    name: str
    distribution: str
    version: str
    module: str
    architectures: dict[str, type[SequenceMixer]] = field(default_factory=dict)
    error: Exception | None = None

    @property
    def key(self) -> str:
        """Name this plugin unambiguously, as `SEQTOOLKIT_DISABLE_PLUGINS` takes it."""
        return f"{self.distribution}:{self.name}"

    @property
    def reason(self) -> str:
        """Say on one line why the plugin is disabled; empty when it is not."""
        if self.error is None:
            return ""
        kind = "" if isinstance(self.error, PluginError) else f"{type(self.error).__name__}: "
        return " ".join((kind + str(self.error)).split())


def names() -> list[str]:
    """List the plugins that are installed and not left out, from metadata alone."""
    return sorted({plugin.name for plugin, _ in _installed() if not _left_out(plugin)})


def unmatched() -> list[str]:
    """List the words of the environment variable that leave nothing out: most likely misspelt."""
    words = _disabled()  # scan what is installed only when there is something to look for
    installed = _installed() if words else []
    return sorted(
        words - {word for plugin, _ in installed for word in (plugin.name, plugin.distribution, plugin.key)}
    )


@functools.cache
def load() -> tuple[Plugin, ...]:
    """Load every installed plugin, sorted by name, whatever the order of installation."""
    loaded = [_load(plugin, entry) for plugin, entry in _installed()]
    claims = Counter(arch for plugin in loaded for arch in plugin.architectures)
    clashing = {arch for arch, count in claims.items() if count > 1}
    return tuple(_signed(_without_clashes(plugin, clashing, loaded)) for plugin in loaded)


def architectures() -> dict[str, type[SequenceMixer]]:
    """Return every usable architecture by name."""
    return {name: cls for plugin in load() for name, cls in sorted(plugin.architectures.items())}


def get(name: str) -> type[SequenceMixer]:
    """Look an architecture up by name.

    Raises:
        PluginError: There is none of that name.
        Exception: The plugin of that name is disabled; this is its own error, with its traceback.
    """
    found = architectures()
    if name in found:
        return found[name]
    for plugin in load():
        if plugin.error is not None and name in {plugin.name, *getattr(plugin.error, "names", ())}:
            raise plugin.error
    disabled = ", ".join(plugin.key for plugin in load() if plugin.error is not None)
    also = f"; disabled: {disabled}, see `seqtoolkit plugins`" if disabled else ""
    raise PluginError(f"unknown architecture {name!r}: {suggest(name, sorted(found))}{also}")


def owner(name: str) -> str:
    """Return the distribution and version that offer an architecture, such as "seqtoolkit 0.1.0"; raises as `get`."""
    get(name)
    return next(f"{p.distribution} {p.version}" for p in load() if name in p.architectures)


def suggest(name: str, known: list[str]) -> str:
    """Return "did you mean ...?" or the list of what there is."""
    close = difflib.get_close_matches(name, known, n=1)
    listed = f"expected one of {', '.join(known)}" if known else "there are none to choose from"
    return f"did you mean {close[0]!r}? ({listed})" if close else listed


def _installed() -> list[tuple[Plugin, EntryPoint]]:
    """Describe every entry point of the group without importing it, one for each distribution and name."""
    found: dict[tuple[str, ...], tuple[Plugin, EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        owner, release = _origin(entry)
        plugin = Plugin(entry.name, owner, release, entry.value)
        found.setdefault((entry.name, owner, entry.value), (plugin, entry))
    return [found[key] for key in sorted(found)]


def _origin(entry: EntryPoint) -> tuple[str, str]:
    """Return the distribution and version of an entry point, "unknown" where its metadata is damaged."""
    try:  # the standard library answers None to what is missing, and the package importlib_metadata raises
        owner, release = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
    except KeyError:
        owner, release = "", ""
    return _canonical(owner or "unknown"), release or "unknown"


def _canonical(distribution: str) -> str:
    """Normalize a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _disabled() -> set[str]:
    """Return what the environment variable lists: names, distributions, or both as DISTRIBUTION:NAME."""
    return {word.strip() for word in os.environ.get(DISABLE, "").split(",")} - {""}


def _left_out(plugin: Plugin) -> bool:
    return bool(_disabled() & {plugin.name, plugin.distribution, plugin.key})


def _load(plugin: Plugin, entry: EntryPoint) -> Plugin:
    if _left_out(plugin):
        return replace(plugin, error=PluginError(f"left out by {DISABLE}"))
    try:
        _check_requirement(entry)
        return replace(plugin, architectures=_offers(entry.load()))
    except KeyboardInterrupt:
        raise
    except Exception as error:  # a broken plugin is data, never a crash
        return replace(plugin, error=error)
    except BaseException as error:  # sys.exit, or a panic in Rust: it must not end the host
        return replace(plugin, error=PluginError(f"it raised {error!r} when imported"))


def _signed(plugin: Plugin) -> Plugin:
    """Note on a plugin's error whose it is, for whoever asks for the plugin and gets the error."""
    if plugin.error is not None:
        plugin.error.add_note(f"(plugin {plugin.key} {plugin.version}, module {plugin.module})")
    return plugin


def _check_requirement(entry: EntryPoint) -> None:
    """Refuse a plugin whose distribution requires another version of seqtoolkit."""
    from packaging.requirements import Requirement  # slow to import, and not needed to list names

    ours = version("seqtoolkit")
    for text in (entry.dist.requires if entry.dist else None) or []:
        wanted = Requirement(text)
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        fits = wanted.specifier.contains(ours, prereleases=True)
        if _canonical(wanted.name) == "seqtoolkit" and applies and not fits:
            raise PluginError(f"requires seqtoolkit {wanted.specifier}, this is {ours}: upgrade one of them")


def _offers(module: Any) -> dict[str, type[SequenceMixer]]:
    """Register one plugin in a manager of its own and return what its hooks offer, checked."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    results = manager.hook.seqtoolkit_architectures()
    if not results:
        raise PluginError("no hook: mark a function seqtoolkit_architectures with @seqtoolkit.hookimpl")
    return _checked(results[0])


def _checked(offer: Any) -> dict[str, type[SequenceMixer]]:
    from seqtoolkit.mixer import SequenceMixer

    if not isinstance(offer, dict) or not offer:
        raise PluginError(f"seqtoolkit_architectures returned {offer!r}, expected a dict of name: class")
    for name, cls in offer.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise PluginError(f"an architecture's name must be an identifier such as 'lstm', not {name!r}")
        if not isinstance(cls, type) or not issubclass(cls, SequenceMixer):
            raise PluginError(f"architecture {name!r} is {cls!r}, expected a subclass of SequenceMixer")
    return offer


def _without_clashes(plugin: Plugin, clashing: set[str], everyone: list[Plugin]) -> Plugin:
    """Disable a plugin that claims a taken name: a silent winner would change which model is trained."""
    mine = sorted(clashing & set(plugin.architectures))
    if not mine:
        return plugin
    rivals = [p.key for p in everyone if p is not plugin and set(mine) & set(p.architectures)]
    error = PluginError(
        f"architecture {', '.join(mine)} is also offered by {', '.join(rivals)}: leave one of them out, "
        f"for example {DISABLE}={rivals[0]}"
    )
    error.names = mine  # type: ignore[attr-defined]
    return replace(plugin, architectures={}, error=error)
