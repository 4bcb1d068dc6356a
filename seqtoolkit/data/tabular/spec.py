"""What a checkpoint says of a series: see `SequenceData.spec`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqtoolkit.data.shares import SPLITS
from seqtoolkit.data.tabular.fit import Fitted
from seqtoolkit.data.tabular.season import guess_season, usual_season


def series_spec(fitted: Fitted, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec, JSON-plain."""
    plan = fitted.plan
    features, outputs = plan.features, plan.outputs
    quantiles = options["quantiles"]
    spec: dict[str, Any] = {
        "task": plan.columns.task,
        "num_features": len(features),
        "inputs": _scaled("channels", features)
        | {"missing": [fitted.missing.get(name, 0.0) for name in features]},
        "series": plan.to_dict(),
        "files": fitted.digests,
        "rows": _rows(fitted),
    }
    if plan.columns.label is not None:
        return spec | {"target": "classes", "num_classes": len(fitted.classes), "classes": fitted.classes}
    spec |= {"outputs": _scaled("names", outputs), "num_classes": len(outputs) * len(quantiles or [0])}
    if quantiles:
        spec |= {"target": "quantiles", "quantiles": quantiles}
    else:
        spec |= {"target": "values", "loss": options["loss"]}
    if plan.forecasts:
        spec["seasonal"] = options["season"] or guess_season(fitted) or usual_season(plan.clock)
    return spec


def _scaled(kind: str, found: dict[str, tuple[float, float]]) -> dict[str, Any]:
    return {
        kind: list(found),
        "center": [center for center, _ in found.values()],
        "scale": [scale for _, scale in found.values()],
    }


def refuse_other_splits(path: str, spec: Mapping[str, Any], fitted: Fitted) -> None:
    """Refuse the very file of training when it is divided otherwise: its test may have rows that were learned.

    Raises ValueError with the rows of each split, then and now.
    """
    then, now = spec.get("rows"), _rows(fitted)
    if (
        "file" in fitted.digests
        and fitted.digests == spec.get("files")
        and isinstance(then, dict)
        and then != now
    ):
        raise ValueError(
            f"{fitted.of('test').table.file} is the file that {path} was trained on, and is divided otherwise now:"
            f" its rows were {_listed(then)}, and are {_listed(now)}. Divide it as in training (leave out --data.split"
            " and --data.shares); where that is so, an older version divided it, which counted groups without any row:"
            " train again"
        )


def _listed(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{split} {rows.get(split)}" for split in SPLITS)


def _rows(fitted: Fitted) -> dict[str, int]:
    """Count the rows of each split."""
    prepared = fitted.prepared
    found = {split: prepared.get("file") or prepared.get(split) for split in SPLITS}
    return {
        split: 0 if some is None else int(np.count_nonzero(some.rows.split.numpy() == place))
        for place, (split, some) in enumerate(found.items())
    }
