"""Discover plugins, load each one alone, keep failures as data, and look up by name what they offer.

Loading imports the plugins' modules (and so torch); `names()` reads installed metadata only.
"""

from __future__ import annotations

import difflib
import functools
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from seqtoolkit.hookspecs import GROUP
from seqtoolkit.kinds import ARCHITECTURE, ATTENTION, KINDS, Kind
from seqtoolkit.offers import PluginError as PluginError
from seqtoolkit.offers import canonical, check_requirement, offers

if TYPE_CHECKING:
    from seqtoolkit.attention import CrossAttention
    from seqtoolkit.mixer import SequenceMixer

DISABLE = "SEQTOOLKIT_DISABLE_PLUGINS"


@dataclass(frozen=True)
class Plugin:
    """One installed entry point: what it offers, or why it is disabled."""

    name: str
    distribution: str
    version: str
    module: str
    architectures: dict[str, type[SequenceMixer]] = field(default_factory=dict)
    attentions: dict[str, type[CrossAttention]] = field(default_factory=dict)
    error: Exception | None = None

    @property
    def key(self) -> str:
        """Name this plugin unambiguously, as `SEQTOOLKIT_DISABLE_PLUGINS` takes it."""
        return f"{self.distribution}:{self.name}"

    def offers(self, kind: Kind) -> dict[str, type[Any]]:
        """Return what it offers of a kind, by name."""
        offered: dict[str, type[Any]] = getattr(self, kind.plural)
        return offered

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
    claims = Counter(claim for plugin in loaded for claim in _claims(plugin))
    clashing = {claim for claim, count in claims.items() if count > 1}
    return tuple(_signed(_without_clashes(plugin, clashing, loaded)) for plugin in loaded)


def architectures() -> dict[str, type[SequenceMixer]]:
    """Return every usable architecture by name."""
    return offered(ARCHITECTURE)


def attentions() -> dict[str, type[CrossAttention]]:
    """Return every usable attention by name."""
    return offered(ATTENTION)


def offered(kind: Kind) -> dict[str, type[Any]]:
    """Return everything usable of a kind by name."""
    return {name: cls for plugin in load() for name, cls in sorted(plugin.offers(kind).items())}


def get(name: str) -> type[SequenceMixer]:
    """Look an architecture up by name; raises as `find`."""
    return find(name, ARCHITECTURE)[1]


def get_attention(name: str) -> type[CrossAttention]:
    """Look an attention up by name; raises as `find`."""
    return find(name, ATTENTION)[1]


def find(name: str, *kinds: Kind) -> tuple[Kind, type[Any]]:
    """Look a name up among these kinds; return the first that has it, and the class.

    Raises:
        PluginError: There is none of that name.
        Exception: The plugin of that name is disabled; this is its own error, with its traceback.
    """
    for kind in kinds:
        if name in offered(kind):
            return kind, offered(kind)[name]
    claims = {(kind, name) for kind in kinds}
    for plugin in load():
        if plugin.error is not None and (name == plugin.name or claims & _disputed(plugin.error)):
            raise plugin.error
    raise PluginError(_unknown(name, kinds))


def owner(name: str, kind: Kind = ARCHITECTURE) -> str:
    """Return the distribution and version that offer a name, such as "seqtoolkit 0.1.0"; raises as `find`."""
    find(name, kind)
    return next(f"{p.distribution} {p.version}" for p in load() if name in p.offers(kind))


def suggest(name: str, known: list[str]) -> str:
    """Return "did you mean ...?" or the list of what there is."""
    close = difflib.get_close_matches(name, known, n=1)
    listed = f"expected one of {', '.join(known)}" if known else "there are none to choose from"
    return f"did you mean {close[0]!r}? ({listed})" if close else listed


def _unknown(name: str, kinds: tuple[Kind, ...]) -> str:
    """Say that no plugin offers a name, what it may have meant, and which plugins are disabled."""
    known = sorted(known for kind in kinds for known in offered(kind))
    others = [kind for kind in KINDS if kind not in kinds and name in offered(kind)]
    meant = "".join(f"it is an {kind}, for --model.{kind.option}; " for kind in others)
    disabled = ", ".join(plugin.key for plugin in load() if plugin.error is not None)
    also = f"; disabled: {disabled}, see `seqtoolkit plugins`" if disabled else ""
    return f"unknown {' or '.join(map(str, kinds))} {name!r}: {meant}{suggest(name, known)}{also}"


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
    return canonical(owner or "unknown"), release or "unknown"


def _disabled() -> set[str]:
    """Return what the environment variable lists: names, distributions, or both as DISTRIBUTION:NAME."""
    return {word.strip() for word in os.environ.get(DISABLE, "").split(",")} - {""}


def _left_out(plugin: Plugin) -> bool:
    return bool(_disabled() & {plugin.name, plugin.distribution, plugin.key})


def _load(plugin: Plugin, entry: EntryPoint) -> Plugin:
    if _left_out(plugin):
        return replace(plugin, error=PluginError(f"left out by {DISABLE}"))
    try:
        check_requirement(entry)
        return replace(plugin, **offers(entry.load()))
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


def _claims(plugin: Plugin) -> set[tuple[Kind, str]]:
    return {(kind, name) for kind in KINDS for name in plugin.offers(kind)}


def _disputed(error: Exception) -> set[tuple[Kind, str]]:
    """Return the names that an error is about, where it is one of a clash."""
    return getattr(error, "claims", set())


def _without_clashes(plugin: Plugin, clashing: set[tuple[Kind, str]], everyone: list[Plugin]) -> Plugin:
    """Disable a plugin that claims a taken name: a silent winner would change which model is trained."""
    mine = clashing & _claims(plugin)
    if not mine:
        return plugin
    rivals = [p.key for p in everyone if p is not plugin and mine & _claims(p)]
    names = ", ".join(sorted(f"{kind} {name}" for kind, name in mine))
    error = PluginError(
        f"{names} is also offered by {', '.join(rivals)}: leave one of them out, "
        f"for example {DISABLE}={rivals[0]}"
    )
    error.claims = mine  # type: ignore[attr-defined]
    return replace(plugin, architectures={}, attentions={}, error=error)
