"""What a measurement is asked for: the fields of the Memory page, as options of `seqtoolkit retention`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dash import State, html

from seqtoolkit.retention_options import parse
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.mantine import NumberInput, Select, TextInput
from seqtoolkit_dashboard.pages import parts

STEPS, SEEDS = 256, 3  # as the command line has them
_MOST = {"steps": 16_384, "seeds": 20}  # a page starts nothing that takes days
_SPLITS = {"test": "Test", "val": "Validation"}
_SAYS = (
    "The split is that of recall and truncation, which read the data of the run; the other protocols draw their inputs."
    " Recall keeps the lags of its data. Each seed has inputs and an untrained twin of its own."
)


def layout() -> Any:
    """Return the fields, closed at first; the part waits for an encoder-decoder."""
    part = Select(
        id=ids.MEMORY_PART,
        label="Part",
        data=["decoder", "encoder"],
        value="decoder",
        allowDeselect=False,
        w=130,
    )
    fields = [
        html.Div(part, id=ids.MEMORY_PART_FRAME, hidden=True),
        TextInput(
            id=ids.MEMORY_LAGS,
            label="Lags",
            value="",
            placeholder="1,2,3,4,6,8,12 to 128",
            description="Such as 1,2,4,8 or 1:64",
            spellCheck="false",
            autoComplete="off",
            className="wide",
        ),
        _count(ids.MEMORY_LENGTH, "Steps", "Of a sequence, more than any lag", STEPS, 2, _MOST["steps"]),
        _count(ids.MEMORY_SEEDS, "Seeds", "Repetitions", SEEDS, 1, _MOST["seeds"]),
        parts.choice(ids.MEMORY_SPLIT, "Split", _SPLITS, "test"),
    ]
    summary = html.Summary("Options: lags, steps, seeds and split")
    return html.Details(
        [summary, html.Div(fields, className="controls"), html.P(html.Small(_SAYS), className="lead")]
    )


def states() -> dict[str, State]:
    """Return what the fields hold, by the option that each stands for."""
    named = {
        "part": ids.MEMORY_PART,
        "lags": ids.MEMORY_LAGS,
        "steps": ids.MEMORY_LENGTH,
        "seeds": ids.MEMORY_SEEDS,
        "split": ids.MEMORY_SPLIT,
    }
    return {option: State(component, "value") for option, component in named.items()}


def words(checkpoint: Path, held: dict[str, Any]) -> list[str]:
    """Return what fields hold as options of the command; an empty field leaves the choice to it.

    Raises ValueError that says what is wrong with a field, and what was expected.
    """
    given = {option: str(value).strip() for option, value in held.items() if value is not None}
    asked = [f"--{option}={text}" for option, text in given.items() if text]
    options = parse([str(checkpoint), *asked])
    for option, most in _MOST.items():
        if (found := getattr(options, option)) > most:
            raise ValueError(
                f"--{option} {found}: this page measures up to {most:,};"
                f" for more, type: seqtoolkit retention RUN --{option} {found}"
            )
    return asked


def _count(component_id: str, label: str, description: str, value: int, least: int, most: int) -> Any:
    return NumberInput(
        id=component_id,
        label=label,
        description=description,
        value=value,
        min=least,
        max=most,
        allowDecimal=False,
        w=130,
    )
