"""What the curves and traces of a checkpoint say in words: findings, with numbers and what to try. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from statistics import fmean

from seqtoolkit.retention.comparison import pool
from seqtoolkit.retention.finding import Finding
from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.retention.units import Units, gates, idle

VANISHED = -3.0  # change of log10 |gradient| from the first lag to the last
EXPLODED = 1.0
COMPARED = (
    "decoding",
    "influence",
    "recall",
    "truncation",
)  # in which a trained model may be better than its twin


def diagnose(records: Sequence[Record], units: Sequence[Units] = (), part: str = "model") -> list[Finding]:
    """Look through everything that was measured of one part of one checkpoint, its untrained twins among it."""
    return [replace(finding, part=part) for finding in _all(records, units)]


def _all(records: Sequence[Record], units: Sequence[Units]) -> Iterator[Finding]:
    trained = _main(record for record in records if not record.settings.get("twin"))
    twins = _main(record for record in records if record.settings.get("twin"))
    for each in units:
        yield from (*gates(each), *idle(each))
    yield from _gradient(trained.get("gradient", []))
    yield from _disagreement(trained.get("decoding", []), trained.get("influence", []))
    yield from _few(trained.get("decoding", []))
    for protocol, curves in trained.items():
        yield from _censored(protocol, curves)
    yield from _like_twin(trained, twins)


def _main(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Group the main curves (those of the first unit) by protocol, one for each seed."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        group = groups.setdefault(record.protocol, [])
        if not group or (record.unit, record.lags) == (group[0].unit, group[0].lags):
            group.append(record)
    return groups


def _horizon(curves: Sequence[Record]) -> Horizon | None:
    horizons = [record.horizon for record in curves if record.horizon is not None]
    return pool(horizons) if horizons else None


def _gradient(curves: Sequence[Record]) -> Iterator[Finding]:
    """Compare the gradient at the first lag from 1 on with that at the last, by their mean logs over the seeds."""
    if not curves or (first := next((i for i, lag in enumerate(curves[0].lags) if lag >= 1), None)) is None:
        return
    logs = [fmean(_logs(record)[i] for record in curves) for i in range(len(curves[0].lags))]
    short, long = curves[0].lags[first], curves[0].lags[-1]
    change = logs[-1] - logs[first]
    if long == short or VANISHED < change < EXPLODED:
        return
    slope, vanishes = change / (long - short), change < 0
    below = any(record.settings.get("below_floor") for record in curves)
    yield Finding(
        kind="gradient_vanishes" if vanishes else "gradient_explodes",
        text=f"the gradient {'vanishes' if vanishes else 'explodes'}: from lag {short} to lag {long} it changes by a"
        f" factor of {'less than ' if below and vanishes else ''}{10**change:.1g}, {10**slope:.3f} for each step",
        numbers={"log10_change": change, "slope": slope, "factor_per_step": 10**slope},
        thresholds={"log10_change": VANISHED if vanishes else EXPLODED},
        curve="gradient",
        next="attention, gates (lstm, gru) where there are none, or a forget bias nearer to what must be carried"
        if vanishes
        else "a smaller --trainer.gradient_clip_val or --optimizer.lr, or a gated architecture",
    )


def _logs(record: Record) -> list[float]:
    if record.unit.startswith("log10"):
        return record.estimate
    return [math.log10(max(value, 1e-300)) for value in record.estimate]


def _few(decoding: Sequence[Record]) -> Iterator[Finding]:
    """Say when a readout was fitted to fewer independent sequences than it has weights for each output."""
    settings = decoding[0].settings if decoding else {}
    count, width = settings.get("sequences", {}).get("train", 0), settings.get("features", 0)
    if 0 < count < width:
        yield Finding(
            kind="few_sequences",
            text=f"decoding fits a readout of {width} features to {count} training sequences, whose steps depend on"
            " each other: a weak trace may be missed",
            numbers={"sequences": count, "features": width},
            thresholds={"sequences": width},
            curve="decoding",
            next=f"--sequences {2 * width} or more, of which decoding trains on half",
        )


def _disagreement(decoding: Sequence[Record], influence: Sequence[Record]) -> Iterator[Finding]:
    present, used = _horizon(decoding), _horizon(influence)
    if present is None or used is None:
        return
    numbers: dict[str, float] = {
        "decoding_lower": present.lower, "decoding_upper": present.upper,
        "influence_lower": used.lower, "influence_upper": used.upper,
    }  # fmt: skip
    if present.lower > used.upper and not used.upper_censored:
        yield Finding(
            kind="present_unused",
            text=f"present but not used: inputs can be read off the features up to lag {present}, and predictions"
            f" depend on them up to lag {used} only",
            numbers=numbers,
            thresholds={"decoding_lower": used.upper},
            curve="decoding beside influence",
            next="a task or a longer training in which these lags decide the answer; the memory for them is there",
        )
    found = _above_null(decoding)
    if used.lower > found and not present.upper_censored:
        yield Finding(
            kind="used_not_decodable",
            text=f"used but not linearly decodable: predictions depend on inputs up to lag {used}, and beyond lag"
            f" {found} no linear readout of the features is surely better than chance",
            numbers={**numbers, "decoding_above_null": found},
            thresholds={"influence_lower": found},
            curve="influence beside decoding",
            next="a readout that is not linear before calling it forgotten: what is kept is not the input itself",
        )


def _above_null(curves: Sequence[Record]) -> int:
    """Return the last lag up to which the interval of some seed lies above its null, 0 for none.

    Not the horizon, which asks for a tenth of what there is above chance: a trace of an input is enough to be used.
    """
    last = 0
    for i, lag in enumerate(curves[0].lags):
        if not any(record.lower[i] > record.null[i] for record in curves):
            break
        last = lag
    return last


def _censored(protocol: str, curves: Sequence[Record]) -> Iterator[Finding]:
    horizon = _horizon(curves)
    if horizon is not None and horizon.censored:
        longest = curves[0].lags[-1]
        more = (
            "--split test, whose lags go further, or data.test_lags"
            if protocol == "recall"
            else f"--lags 1:{4 * longest} --steps {8 * longest}"
        )
        yield Finding(
            kind="censored",
            text=f"the {protocol} horizon is censored: it is at least {horizon.estimate}, the longest lag measured",
            numbers={"horizon": horizon.estimate, "longest": longest},
            thresholds={"horizon": longest},
            curve=protocol,
            next=f"longer lags ({more})",
        )


def _like_twin(trained: dict[str, list[Record]], twins: dict[str, list[Record]]) -> Iterator[Finding]:
    """Say so when no curve is anywhere surely better than that of the untrained twin.

    One that is not says nothing beside one that is: fresh weights keep much, and training lets go of what it needs not.
    """
    ahead = {
        protocol: _ahead(trained[protocol], twins[protocol])
        for protocol in COMPARED
        if protocol in trained and protocol in twins and trained[protocol][0].lags == twins[protocol][0].lags
    }
    if ahead and max(ahead.values()) <= 0:
        gaps = ", ".join(f"{value:+.3g} {trained[name][0].unit} in {name}" for name, value in ahead.items())
        yield Finding(
            kind="like_twin",
            text="nothing learned beyond the untrained twin: at no lag is the curve surely better than that of fresh"
            f" weights (at best, between the 95 % intervals: {gaps})",
            numbers=ahead,
            thresholds=dict.fromkeys(ahead, 0.0),
            curve=f"{', '.join(ahead)} beside the twin",
            next="a longer training, another --optimizer.lr, or shorter lags to begin with",
        )


def _ahead(curves: Sequence[Record], twins: Sequence[Record]) -> float:
    """Return by how much the nearer bounds of two curves are apart at the lag where the first is most ahead."""
    sign = -1 if curves[0].protocol == "truncation" else 1  # a loss is better when it is smaller
    return max(sign * (_bound(curves, i, -sign) - _bound(twins, i, sign)) for i in range(len(curves[0].lags)))


def _bound(curves: Sequence[Record], i: int, side: int) -> float:
    """Return the mean upper (side 1) or lower (side -1) bound at a lag, over the seeds."""
    return fmean((record.upper if side > 0 else record.lower)[i] for record in curves)
