"""`seqtoolkit plugins` and `seqtoolkit check`: what is installed, what it takes, does it keep the laws."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from seqtoolkit import options, plugins
from seqtoolkit.kinds import KINDS, Kind
from seqtoolkit.plugins import DISABLE, Plugin, PluginError


def plugins_main(argv: list[str]) -> int:
    """List the installed plugins, also the disabled ones with the reason, or describe one offer."""
    parser = argparse.ArgumentParser("seqtoolkit plugins", description=plugins_main.__doc__)
    parser.add_argument("--names", action="store_true", help="only the plugins' names, without loading them")
    parser.add_argument("--name", help="the options of one architecture or attention")
    _add_kind(parser)
    parser.add_argument("--json", action="store_true", help="the list as JSON")
    args = parser.parse_args(argv)
    for word in plugins.unmatched():
        print(f"{DISABLE}: no plugin or distribution is called {word!r}", file=sys.stderr)
    if args.names:
        print("\n".join(plugins.names()))
    elif args.name:
        return _describe(args.name, _kinds(args))
    elif args.json:
        print(json.dumps([_record(plugin) for plugin in plugins.load()], indent=2))
    else:
        print(_table([_cells(plugin) for plugin in plugins.load()]))
    return 0


def check_main(argv: list[str]) -> int:
    """Try every law of the conformance suite on an architecture or attention; exit 1 when one is broken."""
    parser = argparse.ArgumentParser("seqtoolkit check", description=check_main.__doc__)
    parser.add_argument("name", metavar="NAME", help="as `seqtoolkit plugins` lists them")
    _add_kind(parser)
    parser.add_argument(
        "--option",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="one of its options; may be repeated",
    )
    args = parser.parse_args(argv)
    try:
        kind, _ = plugins.find(args.name, *_kinds(args))
        chosen = _chosen(args.name, args.option, kind)
    except Exception as error:
        return _fail(error)
    return _check(args.name, chosen, kind)


def _check(name: str, chosen: dict[str, Any], kind: Kind) -> int:
    from seqtoolkit.testing import ConformanceError, Subject, hold, laws_of

    subject, laws = Subject.of((name, chosen), kind), laws_of(kind)
    try:
        subject.build()
    except Exception as error:
        return _fail(error, f"{subject} cannot be built: ")
    broken = 0
    for law in laws.items():
        try:
            print(f"ok      {law[0]:22}{hold(law, subject)}", flush=True)
        except ConformanceError as error:
            broken += 1
            print(f"FAILED  {law[0]:22}{' '.join(str(error).split())}", flush=True)
    print(f"{subject} keeps {len(laws) - broken} of {len(laws)} laws")
    return 1 if broken else 0


def _add_kind(parser: argparse.ArgumentParser) -> None:
    words = [kind.word for kind in KINDS]
    parser.add_argument("--kind", choices=words, help="which is meant, where one name stands for both")


def _kinds(args: argparse.Namespace) -> list[Kind]:
    """Return the kinds that a name is looked for in."""
    return [kind for kind in KINDS if args.kind in (None, kind.word)]


def _chosen(name: str, words: list[str], kind: Kind) -> dict[str, Any]:
    """Read KEY=VALUE words as options, typed."""
    if wrong := [word for word in words if "=" not in word]:
        raise PluginError(f"--option {wrong[0]}: expected KEY=VALUE, such as --option window=8")
    given = dict(word.split("=", 1) for word in words)
    complete = options.complete(name, given, kind)
    return {key: complete[key] for key in given}


def _describe(name: str, kinds: list[Kind]) -> int:
    try:
        print(options.describe(name, *kinds))
    except Exception as error:  # what a disabled plugin raised may be anything
        return _fail(error)
    return 0


def _fail(error: BaseException, what: str = "") -> int:
    """Say on one line what is wrong, with the notes that were added to it; 2 means: the user's to mend."""
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
    notes = getattr(error, "__notes__", [])
    print("error:", " ".join(" ".join([what + kind + str(error), *notes]).split()), file=sys.stderr)
    return 2


def _record(plugin: Plugin) -> dict[str, Any]:
    return {
        "plugin": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        **{kind.plural: sorted(plugin.offers(kind)) for kind in KINDS},
        "disabled": plugin.reason or None,
    }


def _cells(plugin: Plugin) -> list[str]:
    status = f"DISABLED: {plugin.reason}" if plugin.error else "ok"
    offered = [", ".join(sorted(plugin.offers(kind))) or "-" for kind in KINDS]
    return [plugin.name, plugin.distribution, plugin.version, *offered, status]


def _table(rows: list[list[str]]) -> str:
    rows = [["plugin", "distribution", "version", *(kind.plural for kind in KINDS), "status"], *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)
