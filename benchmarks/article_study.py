"""Everything that the article's study measured, and the charts and tables that are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from article_cost import WIDTH, Cost, growth
from article_figures import Chart, Series
from article_runs import Plan, Result, best_loss, best_recall
from timing import exponent, power

from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.record import Horizon, Record

Rows = list[tuple[str, ...]]
UNTRAINED = -1  # the last of the dashes


@dataclass(frozen=True)
class Study:
    """Everything that was measured."""

    plan: Plan
    recall: Sequence[Result]
    g2p: Sequence[Result]
    costs: Sequence[Cost]
    honesty: Mapping[int, Sequence[AlignmentRecord]]  # by seed

    def probed(self) -> list[tuple[Result, Record]]:
        """Return the curves of the other protocols with their models: of each protocol those in its first unit."""
        found = [
            (one, record) for one in self.recall for record in one.records if record.protocol != "recall"
        ]
        units = {record.protocol: record.unit for _, record in reversed(found)}
        return [(one, record) for one, record in found if record.unit == units[record.protocol]]

    def contexts(self) -> list[tuple[Result, Record]]:
        """Return the curves of context with the models of words to phonemes."""
        return [
            (one, record) for one in self.g2p for record in one.records if record.protocol == "truncation"
        ]

    def horizons(self, arch: str, length: int) -> list[Horizon]:
        """Return the recall horizons of one architecture, one for each seed that has one."""
        mine = [one for one in self.recall if (one.arch, one.length) == (arch, length)]
        return [one.horizon for one in mine if one.horizon is not None]

    def pairs(self, first: str, second: str, length: int) -> list[tuple[Horizon, Horizon]]:
        """Return the horizons of two architectures from the same seeds."""
        found = {(one.arch, one.seed): one.horizon for one in self.recall if one.length == length}
        both = [(found.get((first, seed)), found.get((second, seed))) for seed in range(self.plan.seeds)]
        return [(one, other) for one, other in both if one is not None and other is not None]


def recall_chart(study: Study, *archs: str) -> Chart:
    """Draw the recall curves of some architectures, a panel for each length."""
    series = [
        _curve(one, _panel(one), one.recall)
        for one in study.recall
        if one.arch in archs and one.recall is not None
    ]
    n = {count for one in series for count in one.n}
    caption = (
        f"n = {_range(n)} sequences for each lag, {study.plan.counted} (dashes); "
        "bands: 95 % Wilson intervals; dotted: chance."
    )
    return Chart(f"Recall by lag: {', '.join(archs)}", "lag (steps)", "accuracy", series, caption)


def protocol_chart(study: Study, found: Sequence[tuple[Result, Record]]) -> Chart:
    """Draw the curves of one protocol, a panel for each length; an untrained twin of each architecture beside them."""
    series = [_curve(one, _panel(one), record) for one, record in found]
    series = [one for i, one in enumerate(series) if one not in series[:i]]
    first = found[0][1]
    intervals = sorted({str(record.settings.get("interval", "not said")) for _, record in found})
    n = {count for one in series for count in one.n}
    caption = (
        f"n = {_range(n)} sequences, {study.plan.counted} (dashes) and untrained twins; bands: 95 %, "
        f"{', '.join(intervals)}; dotted: null."
    )
    axis = "context (inputs)" if first.protocol == "truncation" else "lag (steps)"
    return Chart(first.protocol.capitalize(), axis, first.unit, series, caption)


def faithfulness_chart(study: Study) -> Chart:
    """Draw how faithful each head of attention is, and how faithful permuted weights are."""
    series = [
        Series(
            "all layers and heads",
            "attention",
            f"seed {seed}",
            seed,
            [record.head + 1 for record in found],
            [record.estimate for record in found],
            [record.lower for record in found],
            [record.upper for record in found],
            [record.n for record in found],
            [record.settings["null_interval"][1] for record in found],
        )
        for seed, found in study.honesty.items()
        if found
    ]
    n = {count for one in series for count in one.n}
    caption = (
        f"Rank correlation of the weights on letters with their influence; n = {_range(n)} test words, "
        f"{study.plan.counted}; bands: 95 % bootstrap over words; dotted: what 97.5 % of permuted weights stay below."
    )
    axis = "head, layer by layer"
    return Chart("Faithfulness of each head", axis, "rank correlation", series, caption, "linear")


def _panel(one: Result) -> str:
    return f"trained on lags up to {one.length}" if one.length else "words to phonemes"


def _curve(one: Result, panel: str, record: Record) -> Series:
    twin = bool(record.settings.get("twin"))
    return Series(
        panel,
        one.arch,
        f"{one.arch}, untrained" if twin else f"{one.arch}, seed {one.seed}",
        UNTRAINED if twin else one.seed,
        record.lags,
        record.estimate,
        record.lower,
        record.upper,
        record.n,
        record.null,
    )


def cost_chart(study: Study, title: str, unit: str, read: Callable[[Cost], list[float]]) -> Chart:
    """Draw one cost by the length of the past."""
    series = []
    for arch in study.plan.architectures:
        steps, mine = growth(study.costs, arch)
        values = [read(one) for one in mine]
        middle, low, high = ([pick(row) for row in values] for pick in (median, min, max))
        series.append(Series(title, arch, arch, 0, steps, middle, low, high, [len(row) for row in values]))
    caption = (
        f"One layer of width {WIDTH}; medians, bands from the least to the most of the repeats; n: repeats."
    )
    return Chart(title, "T (steps)", unit, series, caption, "log", "log", ("median", "least", "most", "null"))


def growth_table(study: Study) -> Rows:
    """List the powers of T by which the costs of each architecture grow."""
    found: Rows = [("architecture", "training", "memory of training", "one step", "state")]
    for arch in study.plan.architectures:
        steps, mine = growth(study.costs, arch)
        if len(steps) > 1:
            tables = (
                [one.train for one in mine],
                [[float(one.kept)] for one in mine],
                [one.step for one in mine],
                [[float(one.state)] for one in mine],
            )
            powers = [exponent(steps, table) for table in tables]
            found.append((arch, *(power(one) for one in powers)))
    return found


def horizon_table(study: Study, archs: Sequence[str]) -> Rows:
    """List the recall horizon of every model."""
    found: Rows = [("architecture", "lags up to", "seed", "learning rate", "solved", "horizon [95 %]")]
    for one in study.recall:
        if one.arch in archs and one.horizon is not None:
            solved = "yes" if one.solved else "no"
            case = (one.arch, str(one.length), str(one.seed), f"{one.rate:g}")
            found.append((*case, solved, str(one.horizon)))
    return found


def rates_table(study: Study) -> Rows:
    """List what each learning rate reached on the validation split of the first seed."""
    plan = study.plan
    found: Rows = [("architecture", "lags up to", *(f"rate {rate:g}: loss, recall" for rate in plan.rates))]
    for arch, length in sorted(plan.cases, key=lambda case: case[1]):
        cells = []
        for rate in plan.rates:
            path = plan.recall(arch, length, 0, rate).path
            cells.append(f"{best_loss(path):.4f}, {best_recall(path):.0%}")
        found.append((arch, str(length), *cells))
    return found


def learned_table(study: Study) -> Rows:
    """List which seeds learned the task, and after how many steps."""
    found: Rows = [("architecture", *(f"lags up to {length}" for length in study.plan.lengths))]
    for arch in study.plan.architectures:
        cells = []
        for length in study.plan.lengths:
            mine = [one.learned for one in study.recall if (one.arch, one.length) == (arch, length)]
            reached = sorted(steps for steps in mine if steps is not None)
            after = f": {', '.join(f'{steps:,}' for steps in reached)}" if reached else ""
            cells.append(f"{len(reached)}/{len(mine)} seeds{after}")
        found.append((arch, *cells))
    return found


def by_protocol(study: Study, arch: str, length: int) -> dict[str, list[Horizon]]:
    """Return the horizons of one architecture by protocol, those of untrained twins left out."""
    found = {"recall": study.horizons(arch, length)}
    for one, record in study.probed():
        if (one.arch, one.length) == (arch, length) and not record.settings.get("twin") and record.horizon:
            found.setdefault(record.protocol, []).append(record.horizon)
    return found


def paired_errors(study: Study, first: str, second: str) -> tuple[list[float], list[float]]:
    """Return the phoneme error rates of two architectures from the same seeds."""
    found = {(one.arch, one.seed): one.run.metrics.get("test/per") for one in study.g2p}
    return _both(found, first, second, study.plan.seeds)


def paired_misses(study: Study, first: str, second: str, length: int) -> tuple[list[float], list[float]]:
    """Return the shares of wrong answers of two architectures from the same seeds."""
    found = {(one.arch, one.seed): one.missed for one in study.recall if one.length == length}
    return _both(found, first, second, study.plan.seeds)


def _both(
    found: Mapping[tuple[str, int], float | None], first: str, second: str, seeds: int
) -> tuple[list[float], list[float]]:
    """Return the values of two architectures from the seeds that have both."""
    both = [(found.get((first, seed)), found.get((second, seed))) for seed in range(seeds)]
    kept = [(one, other) for one, other in both if one is not None and other is not None]
    return [one for one, _ in kept], [other for _, other in kept]


def metric(study: Study, arch: str, name: str) -> list[float]:
    """Return one metric of words to phonemes for each seed that has it."""
    return [one.run.metrics[name] for one in study.g2p if one.arch == arch and name in one.run.metrics]


def _range(counts: set[int]) -> str:
    if not counts:
        return "0"
    return f"{min(counts):,}" if len(counts) == 1 else f"{min(counts):,} to {max(counts):,}"
