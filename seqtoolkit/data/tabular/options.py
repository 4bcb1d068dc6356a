"""Choices of SeriesData that do not fit each other, or a checkpoint: each is one clear error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqtoolkit.data.tabular.plan import Plan

AGREE = ("horizon", "at", "missing", "unseen", "gaps")  # of the plan
COLUMNS = ("task", "form", "time", "group", "name", "value", "categorical", "targets")


def check_numbers(options: Mapping[str, Any]) -> None:
    """Raise ValueError for a size that is impossible, and for sizes that do not fit each other."""
    for name in ("horizon", "window", "stride", "batch_size", "season"):
        if options[name] is not None and options[name] < 1:
            raise ValueError(f"{name} must be at least 1, got {options[name]}")
    window, history = options["window"], options["history"]
    if history is not None and not 0 <= history < (window or history + 1):
        raise ValueError(f"history is {history} steps of a window of {window}; expected at least 0 and fewer")


def check_task(options: Mapping[str, Any]) -> None:
    """Raise ValueError for an option that the task does not have."""
    task, at, quantiles, group = (options[name] for name in ("task", "at", "quantiles", "group"))
    forecasts = task in ("forecast", "next")
    if options["horizon"] != 1 and task != "forecast":
        raise ValueError(
            f"--data.horizon {options['horizon']} is for --data.task forecast; the task is {task}"
        )
    if at is not None and forecasts:
        raise ValueError(
            f"--data.at {at} is for regression and classification; {task} looks ahead from every step"
        )
    if quantiles is not None and task == "classification":
        raise ValueError("--data.quantiles are for values; a classification has a probability for each class")
    if at == "end" and group is None:
        raise ValueError(
            "--data.at end has one answer for each group; add --data.group COLUMN, or --data.at step"
        )
    if at == "end" and options["split"] == "time":
        raise ValueError(
            "--data.at end has one answer for each group: use --data.split group or hash, or three files"
        )
    if at == "end" and options["gaps"] == "split":
        raise ValueError(
            "--data.at end reads whole groups: --data.gaps split would cut them; use error or ignore"
        )
    if options["split"] in ("group", "hash") and group is None:
        raise ValueError(
            f"--data.split {options['split']} needs --data.group COLUMN, or choose --data.split time"
        )


def check_plan(options: Mapping[str, Any], defaults: Mapping[str, Any], plan: Plan) -> None:
    """Raise ValueError for an option that was given and differs from a checkpoint's."""
    own = {name: getattr(plan, name) for name in AGREE} | {
        name: getattr(plan.columns, name) for name in COLUMNS
    }
    for name, value in own.items():
        asked = options[name]
        if asked != defaults[name] and asked != value:
            raise ValueError(
                f"--data.{name} {asked} is not what the checkpoint was trained with, {value!r:.80};"
                " leave it out, or train again without --ckpt_path"
            )
