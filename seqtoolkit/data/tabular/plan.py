"""All that a checkpoint knows of the series it was trained on, and that a file needs to be read for it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, get_args

from seqtoolkit.checkpoint import described
from seqtoolkit.data.tabular.clock import Clock
from seqtoolkit.data.tabular.columns import FORECASTS, Columns
from seqtoolkit.data.tabular.missing import Missing, Unseen
from seqtoolkit.data.tabular.order import Gaps
from seqtoolkit.data.tabular.scaling import Scaling
from seqtoolkit.files import is_whole

At = Literal["step", "end"]


@dataclass(frozen=True)
class Plan:
    """How a file becomes what the model reads. `to_dict` is JSON-plain."""

    columns: Columns
    scaling: Scaling  # of `columns.values`
    horizon: int  # steps of a forecast; 0 of what is asked at the same step
    at: At  # whether each step is asked, or only the last of each group
    window: int | None  # steps that are read at most; null for whole groups
    missing: Missing
    unseen: Unseen
    gaps: Gaps
    gapped: list[str] = field(default_factory=list)  # channels that missed values
    levels: list[list[str]] = field(default_factory=list)  # texts of each categorical column
    clock: Clock | None = None

    @property
    def forecasts(self) -> bool:
        """Whether channels are asked for, later."""
        return self.columns.task in FORECASTS

    @property
    def features(self) -> dict[str, tuple[float, float]]:
        """Name what the model reads at each step, with center and scale."""
        numbers, center, scale = self.columns.numbers, self.scaling.center, self.scaling.scale
        found = {name: (float(center[place]), float(scale[place])) for place, name in enumerate(numbers)}
        masks = self.gapped if self.missing == "mask" else []
        texts = zip(self.columns.categorical, self.levels, strict=True)
        plain = [
            *(f"{name} known" for name in masks),
            *(f"{name}={text}" for name, some in texts for text in some),
        ]
        return found | dict.fromkeys(plain, (0.0, 1.0))

    @property
    def outputs(self) -> dict[str, tuple[float, float]]:
        """Name the values that are asked at each step, with center and scale: "load +1" is the load one step later."""
        places = {name: place for place, name in enumerate(self.columns.values)}
        found: dict[str, tuple[float, float]] = {}
        for name in self.columns.targets if self.columns.label is None else []:
            center, scale = float(self.scaling.center[places[name]]), float(self.scaling.scale[places[name]])
            steps = range(1, self.horizon + 1) if self.forecasts else [0]
            found |= {f"{name} +{step}" if step else name: (center, scale) for step in steps}
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a checkpoint."""
        return {
            "columns": self.columns.to_dict(),
            "center": self.scaling.center.tolist(),
            "scale": self.scaling.scale.tolist(),
            "clock": None if self.clock is None else self.clock.to_dict(),
            **{name: getattr(self, name) for name in _PLAIN},
        }

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a plan from plain values; raises ValueError that says what is wrong."""
        if not isinstance(value, dict) or set(value) != {"columns", "center", "scale", "clock", *_PLAIN}:
            raise ValueError("a series is described by columns, scaling, clock and choices")
        columns = Columns.from_dict(value["columns"])
        if not len(value["center"]) == len(value["scale"]) == len(columns.values):
            raise ValueError(f"a series of {len(columns.values)} columns has a center and a scale for each")
        for name, kind in (("at", At), ("missing", Missing), ("unseen", Unseen), ("gaps", Gaps)):
            if value[name] not in get_args(kind):
                raise ValueError(
                    f"{name} is {value[name]!r:.60}; expected one of {', '.join(get_args(kind))}"
                )
        if not is_whole(value["horizon"], 0) or not (value["window"] is None or is_whole(value["window"], 1)):
            raise ValueError("horizon and window are whole numbers")
        return cls(
            columns=columns,
            scaling=Scaling.of(value["center"], value["scale"]),
            clock=None if value["clock"] is None else Clock.from_dict(value["clock"]),
            **{name: value[name] for name in _PLAIN},
        )


_PLAIN = ("horizon", "at", "window", "missing", "unseen", "gaps", "gapped", "levels")


def plan_of(path: Path) -> tuple[Plan, dict[str, Any]]:
    """Read the plan, and the whole spec, of a checkpoint, which may be any file.

    Raises ValueError that names the file.
    """
    spec = described(path).spec
    if "series" not in spec:
        raise ValueError(f"{path} is of the task {spec.get('task')!r:.80}; expected one of SeriesData")
    try:
        return Plan.from_dict(spec["series"]), spec
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: its series cannot be read: {error}") from None
