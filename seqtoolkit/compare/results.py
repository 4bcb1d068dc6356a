"""What a comparison has found so far, collected from its runs: the content of compare.json. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from seqtoolkit import retention_store
from seqtoolkit.compare.advice import advise
from seqtoolkit.compare.memory import memory, need
from seqtoolkit.compare.plan import Work
from seqtoolkit.compare.quality import BEST, Measure, baseline_of, measure_of, measured, quality_of
from seqtoolkit.compare.runs import chosen_rate, cost_of, finished, first_runs, look, reached, status_of
from seqtoolkit.compare.statistics import Reached, difference, over_seeds
from seqtoolkit.retention.comparison import pool, solved
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run

Failures = Mapping[Path, str]  # of runs, in this call: what a run's folder does not say itself
Skipped = Mapping[str, Mapping[str, str]]  # {architecture: {what could not be measured: why}}


def collect(
    work: Work, status: str, failures: Failures, skipped: Skipped, load: float | None
) -> dict[str, Any]:
    """Return the content of compare.json.

    Raises ValueError when the test has no such measure as was asked for.
    """
    plan = work.plan
    tested = [run.path for _, _, run in finished(work) if measured(run.path, plan.split)]
    given = work.options.measure
    measure = measure_of(tested[0], plan.split, plan.monitor, plan.mode, given) if tested else None
    architectures = [
        _architecture(work, arch, measure, failures, _unmeasured(work) | dict(skipped.get(arch, {})))
        for arch in work.options.architectures
    ]
    if measure is not None:
        _compare(architectures, measure)
    found = {
        "status": status,
        "config": str(work.options.config),
        "task": plan.task,
        "measure": None if measure is None else measure.to_dict(),
        "settings": _settings(work, load),
        "architectures": architectures,
        "memory_need": need(architectures),
    }
    return {**found, "recommendation": advise(found) if status == "finished" else None}


def _settings(work: Work, load: float | None) -> dict[str, Any]:
    plan, options = work.plan, work.options
    return {
        "budget": work.budget.to_dict(),
        "rates": work.rates,
        "rate_share": options.rate_share,
        "monitor": plan.monitor,
        "mode": plan.mode,
        "seeds": work.seeds,
        "reference": plan.reference,
        "parameters": plan.parameters,
        "encoder": plan.encoder,
        "threads": options.threads,
        "jobs": options.jobs,
        "state_steps": plan.history,
        "lags": plan.lags,
        "sequences": options.sequences,
        "load": load,
    }


def _architecture(
    work: Work, arch: str, measure: Measure | None, failures: Failures, skipped: dict[str, str]
) -> dict[str, Any]:
    rate, tried = chosen_rate(work, arch), _tried(work, arch, failures)
    paths = {} if rate is None else {seed: work.run(arch, rate, seed) for seed in work.seeds}
    runs = {seed: look(path) for seed, path in paths.items()}
    done = {seed: run for seed, run in runs.items() if run.status == "finished"}
    qualities = {} if measure is None else {seed: quality_of(run.path, measure) for seed, run in done.items()}
    why = "; ".join(one["error"] for one in tried if one["error"])
    seeds = [
        _seed(work, seed, runs.get(seed), paths.get(seed), qualities.get(seed), failures, why)
        for seed in work.seeds
    ]
    known = [quality for quality in qualities.values() if quality is not None]
    times = [one["seconds"] for one in seeds if one["seconds"] is not None]
    cost = cost_of(first.path) if (first := first_runs(work).get(arch)) else {}
    baselines = [baseline_of(run.path, measure) for run in done.values()] if measure else []
    width, parameters = work.plan.widths[arch]
    return {
        "arch": arch,
        "d_model": width,
        "parameters": parameters,
        "rates": tried,
        "rate": rate,
        "rate_at_edge": len(work.rates) > 1 and rate in (work.rates[0], work.rates[-1]),
        "seeds": seeds,
        "quality": over_seeds(known, measure is not None and measure.is_share) if known else None,
        "baseline": next((one for one in baselines if one), None),
        "seconds": median(times) if times else None,
        "latency": cost.get("latency"),
        "state_bytes": cost.get("state_bytes"),
        "horizon": _horizon(work, list(done.values())),
        "memory": next((found for run in done.values() if (found := memory(run))), None),
        "skipped": skipped,
        "difference": None,
    }


def _unmeasured(work: Work) -> dict[str, str]:
    """Say what is not measured of any architecture."""
    two = "an encoder-decoder reads two streams, and it is not defined which of them is cut"
    return {"truncation": two} if work.plan.encoder else {}


def _tried(work: Work, arch: str, failures: Failures) -> list[dict[str, Any]]:
    found = []
    for rate in work.rates if len(work.rates) > 1 else []:
        path = work.tried(arch, rate)
        status, error = status_of(look(path))
        if status == "waiting" and path in failures:
            status, error = "failed", failures[path]
        value = {"rate": rate, "value": reached(work, path)}
        found.append({**value, "run": _relative(work, path), "status": status, "error": error})
    return found


def _seed(
    work: Work,
    seed: int,
    run: Run | None,
    path: Path | None,
    quality: Reached | None,
    failures: Failures,
    why: str,
) -> dict[str, Any]:
    """Return one training of an architecture; without a run, no learning rate could be chosen, and `why` says it."""
    status, error = ("failed" if why else "waiting", why) if run is None else status_of(run)
    if path is not None and path in failures:
        status, error = ("finished" if status == "finished" else "failed"), error or failures[path]
    speed = run.metrics.get("train/steps_per_second") if run else None
    return {
        "seed": seed,
        "run": None if path is None else _relative(work, path),
        "status": status,
        "error": error,
        "quality": None if quality is None else quality.to_dict(),
        "seconds": run.step / speed if run and run.step and speed and status == "finished" else None,
        "steps": run.step if run else None,
    }


def _horizon(work: Work, runs: list[Run]) -> dict[str, Any] | None:
    protocol = "recall" if work.plan.task == "recall" else "decoding"
    horizons = [
        one.horizon for run in runs if (one := curve(run, protocol)) is not None and one.horizon is not None
    ]
    if not horizons:
        return None
    return {"protocol": protocol, "solved": solved(horizons), **asdict(pool(horizons))}


def curve(run: Run, protocol: str) -> Record | None:
    """Return the main curve of a protocol, of a run's best checkpoint."""
    records = retention_store.read(run.path, BEST)
    return next((one for one in records if one.protocol == protocol and not one.settings.get("twin")), None)


def _compare(architectures: list[dict[str, Any]], measure: Measure) -> None:
    """Set the differences from the best architecture."""
    known = [one for one in architectures if one["quality"] is not None]
    if len(known) < 2:
        return
    best = max(known, key=lambda one: measure.sign * one["quality"]["estimate"])
    for one in known:
        if one is best:
            continue
        found = difference(_qualities(one), _qualities(best), len(known) - 1, measure.is_share)
        if found is not None:
            one["difference"] = {"than": best["arch"], **asdict(found), "tied": found.tied}


def _qualities(architecture: dict[str, Any]) -> dict[int, Reached]:
    return {
        one["seed"]: Reached(**one["quality"]) for one in architecture["seeds"] if one["quality"] is not None
    }


def _relative(work: Work, path: Path) -> str:
    return str(path.relative_to(work.folder))
