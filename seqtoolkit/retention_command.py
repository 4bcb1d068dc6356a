"""`seqtoolkit retention`: how far back do checkpoints remember? Measured, stored beside them, and printed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from seqtoolkit import retention_table as tables
from seqtoolkit.retention.capacity import ImpossibleCapacity
from seqtoolkit.retention_options import Options, parse

if TYPE_CHECKING:
    from seqtoolkit.retention_session import Session


def main(argv: list[str]) -> int:
    """Measure, store and print the retention curves of runs or checkpoints."""
    try:
        options = parse(argv)
        measured = [_measured(number, options) for number in range(len(options.paths))]
    except (ValueError, ImpossibleCapacity) as error:
        print(f"seqtoolkit retention: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    _print(measured, options)
    return 0


def _measured(number: int, options: Options) -> dict[str, Any]:
    """Measure one checkpoint, store its curves and findings, and return them with what it is."""
    from seqtoolkit.retention_findings import find, store
    from seqtoolkit.retention_opening import open_session

    with open_session(options.paths[number], options) as session:
        try:
            _measure(session)
            findings = find(session)
        except KeyboardInterrupt:
            print(f"\n{session.name}: interrupted; {_left_behind(session)}", file=sys.stderr)
            raise
        if session.folder is None:
            print(f"not stored: {session.name} is not in a run folder", file=sys.stderr)
        else:
            store(session.folder, session, findings)
        return {
            "name": session.name,
            "checkpoint": str(session.checkpoint.path),
            "model": str(session.checkpoint.described),
            "step": session.checkpoint.step,
            "seed": session.run.seed if session.run else None,
            "records": session.records,
            "findings": findings,
            "skipped": session.skipped,
            "reused": session.reused,
        }


def _measure(session: Session) -> None:
    """Do what is not stored yet.

    Raises ValueError when nothing at all could be measured.
    """
    from seqtoolkit.retention_progress import Progress

    left = session.begin()
    if session.reused:
        count = f"{session.reused} of {session.reused + len(left)} measurements"
        print(f"{session.name}: {count} are stored and reused (--again measures anew)", file=sys.stderr)
    if session.replaced:
        print(f"{session.name}: {_replaced(session)}", file=sys.stderr)
    with Progress(session.name, left, session.options.progress) as progress:
        for job in left:
            progress.begin(job)
            session.measure(job)
            progress.end(job)
    for protocol, reason in session.skipped.items():
        print(f"{session.name}: left out {protocol}: {reason}", file=sys.stderr)
    if not session.records:
        raise ValueError(f"{session.name}: nothing could be measured")


def _replaced(session: Session) -> str:
    """Say which stored curves give way to those that are measured now, why, and when."""
    protocols = ", ".join(dict.fromkeys(record.protocol for record in session.replaced))
    what = ", ".join(session.differences)
    old, new = len({record.seed for record in session.replaced}), session.options.seeds
    return (
        f"the stored curves of {protocols} differ from what is asked now in {what}: their seeds ({old}) are replaced by"
        f" new ones ({new}), each protocol once its first new seed is done"
    )


def _left_behind(session: Session) -> str:
    """Say what an interruption leaves on disk."""
    if session.folder is None:
        return "nothing is stored, since it is not in a run folder: the same command begins anew"
    if not (session.reused or session.written):
        return "nothing is stored of this measurement, and what was stored before it is as it was"
    return "all seeds that were measured are stored: the same command goes on from there"


def _print(measured: list[dict[str, Any]], options: Options) -> None:
    several = [tables.Measured(one["name"], one["records"], one["model"], one["seed"]) for one in measured]
    if options.json:
        plain = [
            {**one, **{name: [r.to_dict() for r in one[name]] for name in ("records", "findings")}}
            for one in measured
        ]
        print(json.dumps({"measured": plain, "differences": tables.differences(several)}, ensure_ascii=False))
        return
    for one, shown in zip(measured, several, strict=True):
        print(
            f"{one['name']}: {one['model']}, {one['step']:,} steps of training\n\n{tables.horizons(shown)}\n"
        )
        print("".join(f"- {finding}\n" for finding in one["findings"]) or "- nothing stands out\n")
    if len(measured) > 1:
        print(tables.comparison(several))
        if by_seed := tables.architectures(several):
            print(f"\n{by_seed}")
