"""The tests behind influence: for each run, seed and lag, the p-value that a past input moves the prediction at all."""

from __future__ import annotations

from typing import Any

from dash import html

from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.pages.retained_csv import p_values
from seqtoolkit_dashboard.pooled import Records, facets, twin

_NONE = "–"
_SAYS = (
    "Small: an input that far back moves the prediction by more than the null and the margin. The signs of pairs of"
    " sequences are flipped at random, and the p-values are adjusted for the number of lags (Holm)."
)


def shown(records: Records) -> Any:
    """Return the p-values of single records as a table that can be opened; nothing where none are stored."""
    tested = [(run, record) for run, record in records if p_values(record)]
    if not tested:
        return None
    lags = sorted({lag for _, record in tested for lag in record.lags})
    data = {
        "caption": "p-values of influence",
        "head": ["Run", "Measured on", "Seed", *(f"lag {lag}" for lag in lags)],
        "body": [_row(run, record, lags) for run, record in tested],
    }
    body = [html.P(_SAYS, className="lead"), parts.table(data, 300 + 80 * len(lags))]
    return html.Details([html.Summary("Tests of influence at each lag"), *body], className="card")


def _row(run: Run, record: Record, lags: list[int]) -> list[str]:
    found = dict(zip(record.lags, p_values(record), strict=True))
    seed = _NONE if record.seed is None else str(record.seed)
    name = run.id + ", untrained" * twin(record)
    values = [f"{found[lag]:.2g}" if lag in found else _NONE for lag in lags]
    return [name, ", ".join(facets(record)) or _NONE, seed, *values]
