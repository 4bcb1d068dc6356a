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
        "rows": {split: _rows(fitted, split) for split in SPLITS},
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


def _rows(fitted: Fitted, split: str) -> int:
    """Count the rows of a split."""
    found = fitted.prepared.get("file") or fitted.prepared.get(split)
    return 0 if found is None else int(np.count_nonzero(found.rows.split.numpy() == SPLITS.index(split)))
