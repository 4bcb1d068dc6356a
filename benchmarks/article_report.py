"""The answers of the article's study, put together from what was measured; every sentence follows from a number."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import article_rules as rules
from article_cost import BATCH, WIDTH, growth, saving, weights
from article_figures import Chart
from article_page import Answer
from article_rules import Verdict
from article_runs import LEARNED
from article_study import (
    Rows,
    Study,
    by_protocol,
    cost_chart,
    faithfulness_chart,
    growth_table,
    horizon_table,
    learned_table,
    metric,
    paired_errors,
    paired_misses,
    protocol_chart,
    rates_table,
    recall_chart,
)
from timing import exponent

from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.statistics import wilson

TEST_WORDS = 12_000
NOT_SAID = "does not say."


def answers(study: Study) -> list[Answer]:
    """Return the questions of the article with their answers; those about a missing architecture are left out."""
    found: list[tuple[tuple[str, ...], Callable[[Study], Answer]]] = [
        (("rnn",), _forgets),
        (("lstm", "gru"), _carry),
        (("lstm", "gru"), _saves),
        (("attention",), _buys),
        (("attention",), _costs),
        (("attention",), _truth),
        ((), _protocols),
        ((), _words),
    ]
    there = set(study.plan.architectures)
    return [ask(study) for needs, ask in found if there.issuperset(needs)]


def _forgets(study: Study) -> Answer:
    found = {length: study.horizons("rnn", length) for length in study.plan.lengths}
    found = {length: horizons for length, horizons in found.items() if horizons}
    verdicts = [Verdict(one.status, f"Lags up to {length}. {one.text}") for length, one in _each(found)]
    return Answer(
        "After how many steps does the RNN forget?",
        f"after about {rules.CLAIM}.",
        verdicts or [rules.forgetting([], 0)],
        [recall_chart(study, "rnn")],
        [("Learning rates that were tried with seed 0, on validation", rates_table(study))],
        notes=[
            "A horizon is the largest lag up to which a symbol is recalled more often than half-way from chance to 1. "
            f"“About {rules.CLAIM}” is taken as within a factor of {rules.ABOUT:g}. "
            "Given are the median over seeds, and in brackets what holds the 95 % intervals of all of them. "
            "It is what this training has reached, with the learning rate that validation chose: another rate, or a "
            "longer training, may carry less or further."
        ],
    )


def _each(found: dict[int, list[Horizon]]) -> list[tuple[int, Verdict]]:
    return [(length, rules.forgetting(horizons, length)) for length, horizons in found.items()]


def _carry(study: Study) -> Answer:
    verdicts = [
        rules.differ(("LSTM", "GRU"), study.pairs("lstm", "gru", length), length)
        for length in study.plan.lengths
    ]
    for length in study.plan.lengths:
        unit = f"lags up to {length}: share of wrong answers, all lags of the test alike"
        if (misses := paired_misses(study, "lstm", "gru", length))[0]:
            verdicts.append(rules.better(("LSTM", "GRU"), misses, unit))
    errors = paired_errors(study, "lstm", "gru")
    if errors[0]:
        verdicts.append(rules.better(("LSTM", "GRU"), errors, "words to phonemes: phoneme error rate"))
    return Answer(
        "How far do LSTM and GRU carry, and do they differ?",
        "both carry over long distances, the GRU about as well as the LSTM.",
        verdicts,
        [recall_chart(study, "lstm", "gru")],
        [("Horizons by seed", horizon_table(study, study.plan.architectures))],
    )


def _saves(study: Study) -> Answer:
    table: Rows = [("architecture", f"weights of one layer of width {WIDTH}")]
    table += [(arch, f"{weights(arch):,}") for arch in study.plan.architectures]
    return Answer(
        "What does the GRU save?",
        "it has three gates' worth of weights where the LSTM has four.",
        [rules.saves(saving("gru", "lstm"))],
        tables=[("Counted, not measured: no interval", table)],
    )


def _buys(study: Study) -> Answer:
    verdicts = [
        rules.attention_carries(study.horizons("attention", length), length) for length in study.plan.lengths
    ]
    return Answer(
        "What does attention buy?",
        "every step is one step away: nothing is forgotten.",
        verdicts,
        [recall_chart(study, "attention")],
        [(f"Steps of training until validation recall reached {LEARNED:.0%}", learned_table(study))],
    )


def _costs(study: Study) -> Answer:
    verdicts, charts = [], []
    steps, mine = growth(study.costs, "attention")
    _, rival = growth(study.costs, "lstm")
    for title, unit, read in (
        (f"Training, forward and backward, {BATCH} sequences", "seconds of a core", lambda one: one.train),
        ("Kept for the backward, one sequence", "bytes", lambda one: [float(one.kept)]),
        ("One more step after T", "seconds of a core", lambda one: one.step),
        ("State of one sequence after T steps", "bytes", lambda one: [float(one.state)]),
    ):
        charts.append(cost_chart(study, title, unit, read))
        if mine and rival:
            pair = read(mine[-1]), read(rival[-1])
            verdicts.append(rules.times(title, ("attention", "LSTM"), pair, steps[-1]))
    if len(steps) > 1:
        verdicts.append(rules.grows("Training time", exponent(steps, [one.train for one in mine]), 2))
        verdicts.append(rules.grows("Memory of training", exponent(steps, [[one.kept] for one in mine]), 1))
        verdicts.append(rules.grows("Time of a step", exponent(steps, [one.step for one in mine]), 1))
        verdicts.append(rules.grows("Memory of the state", exponent(steps, [[one.state] for one in mine]), 1))
    return Answer(
        "What does attention cost as T grows?",
        "training time as T² (its memory too, where the map is kept: here it is not), a step and its state as T, "
        "where a recurrent state stays as it is.",
        verdicts or [Verdict("open", "Too few lengths were measured.")],
        charts,
        [("Power of T, longer half of the lengths [95 %, bootstrap over repeats]", growth_table(study))],
    )


def _truth(study: Study) -> Answer:
    records = [record for found in study.honesty.values() for record in found]
    return Answer(
        "Does its map tell the truth?",
        "weights show what the model looks at.",
        [rules.honest(records)],
        [faithfulness_chart(study)],
    )


def _protocols(study: Study) -> Answer:
    found = study.probed()
    charts: list[Chart] = []
    for protocol in dict.fromkeys(record.protocol for _, record in found):
        charts.append(protocol_chart(study, [case for case in found if case[1].protocol == protocol]))
    verdicts = []
    for arch in study.plan.architectures:
        for length in study.plan.lengths:
            if told := rules.disagreement(by_protocol(study, arch, length)):
                verdicts.append(Verdict("measured", f"{arch}, lags up to {length}: {told}."))
    none = "The protocols do not disagree." if found else "No other protocol was measured."
    return Answer(
        "Is what it keeps present, learnable, used?",
        NOT_SAID,
        verdicts or [Verdict("measured", none)],
        charts,
        notes=[
            "Recall is asked in its own task, where distractors come between. The others are driven by independent "
            "symbols of all kinds: each one that is to be stored takes the place of the one before, so that whoever "
            "has learned the task well lets go of the older ones here.",
            "Each protocol has a threshold of its own: recall half-way from chance to 1, decoding a tenth of what is "
            "above chance, influence 0.001 nats, gradient a hundredth of its norm at the shortest lag, timescale one "
            "half kept. Their horizons answer different questions; they are not one length measured several times.",
        ],
    )


def _words(study: Study) -> Answer:
    table: Rows = [("architecture", "seed", "phoneme error rate", "word error rate [95 %]", "steps")]
    for one in study.g2p:
        per, wer = (one.run.metrics.get(f"test/{name}") for name in ("per", "wer"))
        if per is not None and wer is not None:
            low, high = wilson(round(wer * TEST_WORDS), TEST_WORDS)
            told = f"{wer:.1%} [{low:.1%}, {high:.1%}]"
            table.append((one.arch, str(one.seed), f"{per:.1%}", told, f"{one.run.step or 0:,}"))
    middle = {
        arch: median(values)
        for arch in study.plan.architectures
        if (values := metric(study, arch, "test/per"))
    }
    told = ", ".join(
        f"{arch} {value:.1%}" for arch, value in sorted(middle.items(), key=lambda item: item[1])
    )
    budget = study.plan.g2p(study.plan.architectures[0], 0).budget
    errors = f"Median phoneme error rate over {study.plan.counted}: {told or 'not measured'}."
    contexts = study.contexts()
    return Answer(
        "And on words to phonemes?",
        NOT_SAID,
        [Verdict("measured", errors), *_context(study)],
        [protocol_chart(study, contexts)] if contexts else [],
        tables=[(f"Words to phonemes, n = {TEST_WORDS:,} test words, {budget} of training each", table)],
    )


def _context(study: Study) -> list[Verdict]:
    """Say of how many letters and phonemes each architecture makes use."""
    found: dict[str, list[Horizon]] = {}
    for one, record in study.contexts():
        if record.horizon and not record.settings.get("twin"):
            found.setdefault(one.arch, []).append(record.horizon)
    told = ", ".join(f"{arch} {rules.spread(horizons)}" for arch, horizons in found.items())
    what = "Inputs (letters, then phonemes) from which on more context lowers the loss by less than 1 %"
    return [Verdict("measured", f"{what}: {told}.")] if told else []
