"""The curves of one or several checkpoints as tables of horizons. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from seqtoolkit.retention.comparison import difference, pool, seed_difference, solved
from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.runs_command import table

COLUMNS = (
    "protocol",
    "horizon [95 %]",
    "beside it (one seed)",
    "untrained twin",
    "n",
    "seeds",
    "lags",
    "unit",
)
COMPARED = ("protocol", "checkpoint", "horizon [95 %]", "solved", "further than the first [95 %]", "pairs")

SEEDS = ("protocol", "model", "solved", "horizon of each seed", "further than the first [95 %]")


@dataclass(frozen=True)
class Measured:
    """The curves of one checkpoint, under the name by which it is shown."""

    name: str
    records: list[Record]
    model: str = ""  # what was trained: runs of one model with several seeds belong together
    seed: int | None = None  # of its training

    def curves(self, protocol: str, twin: bool = False) -> list[Record]:
        """Return the main curves of a protocol (those of its first unit), one for each seed."""
        found = [r for r in self.records if r.protocol == protocol and bool(r.settings.get("twin")) == twin]
        return [record for record in found if record.unit == found[0].unit]

    @property
    def protocols(self) -> list[str]:
        """Name the protocols that were measured, in order."""
        return list(
            dict.fromkeys(record.protocol for record in self.records if not record.settings.get("twin"))
        )


def horizons(measured: Measured) -> str:
    """Return one row for each protocol; a horizon is the median over seeds, its interval holds that of each seed."""
    return table([COLUMNS, *(_row(measured, protocol) for protocol in measured.protocols)])


def comparison(several: Sequence[Measured]) -> str:
    """Return for each protocol one row for each checkpoint, with how much further it remembers than the first one."""
    rows: list[tuple[str, ...]] = [COMPARED]
    for protocol, (first, *others) in _with_horizons(several).items():
        rows += [_compared(protocol, one, first) for one in (first, *others)]
    return table(rows) if len(rows) > 1 else "no protocol has a horizon to compare"


def architectures(several: Sequence[Measured]) -> str:
    """Return for each protocol one row for each model that was trained with several seeds; nothing with one such model.

    How often it is solved, the horizon of each seed, and the difference from the first model, paired by seed.
    """
    groups = _by_seed(several)
    if len(groups) < 2:
        return ""
    rows: list[tuple[str, ...]] = [SEEDS]
    for protocol in _protocols(several):
        found = {model: _of_seeds(runs, protocol) for model, runs in groups.items()}
        first = next((each for each in found.values() if each), {})
        for model, each in found.items():
            if each:
                apart = None if each is first else seed_difference(each, first)
                values = ", ".join(
                    f"{'≥ ' if each[seed].censored else ''}{each[seed].estimate}" for seed in each
                )
                why = "-" if each is first else "not all solved, or not the same seeds"
                rows.append((protocol, model, solved([*each.values()]), values, str(apart or why)))
    return table(rows)


def differences(several: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return the same differences as plain values."""
    found = []
    for protocol, (first, *others) in _with_horizons(several).items():
        for one in others:
            if (d := difference(one.curves(protocol), first.curves(protocol))) is not None:
                bounds = {"lower": _finite(d.lower), "upper": _finite(d.upper)}
                found.append(
                    {
                        "protocol": protocol,
                        "checkpoint": one.name,
                        "than": first.name,
                        "estimate": d.estimate,
                    }
                    | {**bounds, "pairs": d.pairs, "censored": d.censored}
                )
    return found


def _protocols(several: Sequence[Measured]) -> list[str]:
    """Name what was measured of any of them, in order."""
    return list(dict.fromkeys(protocol for one in several for protocol in one.protocols))


def _with_horizons(several: Sequence[Measured]) -> dict[str, list[Measured]]:
    """Return, by protocol, those that have a horizon in it; the others are compared with the first one."""
    found = {
        protocol: [one for one in several if _horizons(one.curves(protocol))]
        for protocol in _protocols(several)
    }
    return {protocol: some for protocol, some in found.items() if some}


def _by_seed(several: Sequence[Measured]) -> dict[str, dict[int, Measured]]:
    """Group the runs by model, those models that were trained with several seeds, each seed once."""
    groups: dict[str, dict[int, Measured]] = {}
    for one in several:
        if one.seed is not None:
            groups.setdefault(one.model, {}).setdefault(one.seed, one)
    return {model: runs for model, runs in groups.items() if len(runs) > 1}


def _of_seeds(runs: dict[int, Measured], protocol: str) -> dict[int, Horizon]:
    found = {seed: _horizons(runs[seed].curves(protocol)) for seed in sorted(runs)}
    return {seed: pool(horizons) for seed, horizons in found.items() if horizons}


def _row(measured: Measured, protocol: str) -> tuple[str, ...]:
    curves = measured.curves(protocol)
    first, count = curves[0], min(n for record in curves for n in record.n)
    lags = f"{first.lags[0]} to {first.lags[-1]}"
    twin = _horizon(measured.curves(protocol, twin=True))
    return (
        protocol,
        _horizon(curves),
        _figure(measured, protocol),
        twin,
        f"{count:,}",
        str(len(curves)),
        lags,
        first.unit,
    )


def _compared(protocol: str, one: Measured, first: Measured) -> tuple[str, ...]:
    curves = one.curves(protocol)
    found = None if one is first else difference(curves, first.curves(protocol))
    shown = ("-", "-") if found is None else (str(found), str(found.pairs))
    return (protocol, one.name, _horizon(curves), solved(_horizons(curves)), *shown)


def _horizons(curves: Iterable[Record]) -> list[Horizon]:
    return [record.horizon for record in curves if record.horizon is not None]


def _horizon(curves: Sequence[Record]) -> str:
    found = _horizons(curves)
    return str(pool(found)) if found else "-"


def _figure(measured: Measured, protocol: str) -> str:
    """Say the one number beside the horizon that a protocol is known by: capacity, slope, half-life, full loss."""
    first = measured.curves(protocol)[0].seed
    for record in measured.records:
        if record.protocol == protocol and record.seed == first and not record.settings.get("twin"):
            for name, say in _FIGURES.items():
                if record.settings.get(name) is not None:
                    return say(record.settings[name])
    return ""


def _interval(value: Any) -> str:
    """Write {"estimate", "lower", "upper"}, or a number."""
    if isinstance(value, dict):
        return f"{value['estimate']:.3g} [{value['lower']:.3g}, {value['upper']:.3g}]"
    return f"{value:.3g}"


def _capacity(value: dict[str, Any]) -> str:
    return f"MC {_interval(value)}" + ("" if value.get("complete") else " of these lags")


_FIGURES: dict[str, Callable[[Any], str]] = {
    "capacity": _capacity,
    "slope": lambda value: f"{_interval(value)} per lag",
    "half_life": lambda value: f"half-life {_interval(value)}",
    "full_loss": lambda value: f"full loss {_interval(value)}",
}


def _finite(value: float) -> float | None:
    return value if abs(value) != float("inf") else None
