"""A series is the same in the long form as in the wide one, whatever is asked of it, and where it is predicted, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from seqtoolkit.data.series import SeriesData

TASKS: dict[str, dict[str, Any]] = {
    "forecast": {"task": "forecast", "horizon": 2},
    "next": {"task": "next"},
    "regression": {"task": "regression", "channels": ["load", "heat"], "targets": ["wear"]},
    "at the end": {"task": "regression", "channels": ["load", "heat"], "targets": ["wear"], "at": "end"},
    "classification": {"task": "classification", "targets": ["kind"], "at": "step"},
    "of groups": {"task": "classification", "targets": ["kind"], "at": "end"},
}


def table() -> pl.DataFrame:
    random = np.random.default_rng(0)
    names = np.repeat([f"m{n}" for n in range(9)], 12)
    columns = {
        "machine": names.tolist(),
        "time": list(range(12)) * 9,
        "kind": ["odd" if int(name[1:]) % 2 else "even" for name in names],
    }
    return pl.DataFrame(
        columns | {name: random.normal(size=108).tolist() for name in ("load", "heat", "wear")}
    )


def both(folder: Path, options: dict[str, Any]) -> tuple[SeriesData, SeriesData]:
    wide, asked = table(), options.get("targets") == ["kind"]
    wide = wide if asked else wide.drop("kind")
    index = ["machine", "time", *(["kind"] if asked else [])]
    long = wide.unpivot(index=index, variable_name="name").sample(fraction=1, shuffle=True, seed=0)
    wide.write_csv(folder / "wide.csv")
    long.write_csv(folder / "long.csv")
    common: dict[str, Any] = {"time": "time", "group": "machine", "split": "group", "shares": (2, 1, 1)}
    channels = {"channels": ["load", "heat", "wear"], **common, **options}

    def read(form: Any) -> SeriesData:
        path = str(folder / f"{form}.csv")
        return SeriesData(path, form=form, inputs=path, **channels)

    return read("wide"), read("long")


@pytest.mark.parametrize("task", TASKS)
def test_what_is_learned_and_predicted_is_that_of_the_wide_form(task: str, tmp_path: Path) -> None:
    wide, long = both(tmp_path, TASKS[task])
    for loader in ("val_dataloader", "test_dataloader"):
        mine, theirs = (_examples(getattr(data, loader)()) for data in (long, wide))
        assert len(mine) == len(theirs) > 0
        for one, other in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
    mine, theirs = (_answers(data) for data in (long, wide))
    assert len(mine) == len(theirs) > 0
    for one, other in zip(mine, theirs, strict=True):
        assert _texts(one) == _texts(other)
        assert _numbers(one) == pytest.approx(_numbers(other), rel=1e-4, abs=1e-4)


def _examples(batches: Any) -> list[np.ndarray]:
    """Return what is read and asked in each example, in an order of their own."""
    found = [
        torch.cat([inputs.flatten(), targets[mask].flatten()]).double().numpy()
        for batch in batches
        for inputs, targets, mask in zip(batch.inputs, batch.targets, batch.mask, strict=True)
    ]
    return sorted(found, key=lambda one: float(one[0]))


def _answers(data: SeriesData) -> list[dict[str, Any]]:
    """Predict with a model whose scores follow from what it reads; the rows of the files differ."""
    width = data.spec["num_classes"]

    def model(inputs: torch.Tensor, mask: torch.Tensor | None = None, **more: Any) -> Any:
        scores = inputs.cumsum(1).sum(-1, keepdim=True) * torch.arange(1, width + 1)
        return (scores if mask is None else scores[mask],)

    found = [one for batch in data.predict_dataloader() for _, one in data.predictions(model, batch)]  # type: ignore[arg-type]
    answers = [{name: value for name, value in one.items() if name != "row"} for one in found]
    return sorted(answers, key=lambda one: [str(one.get(name)) for name in ("machine", "time", "step")])


def _texts(answer: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in answer.items() if isinstance(value, str)}


def _numbers(answer: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in answer.items() if not isinstance(value, str)}
