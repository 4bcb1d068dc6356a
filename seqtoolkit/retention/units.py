"""What the gates and units of a trace say: those that decide nothing, and those that carry nothing. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seqtoolkit.retention.finding import Finding

SATURATED = 0.5  # share of a gate's units that stand open (or shut)
IDLE = 0.1  # share of a block's units that are constant (or dead)


@dataclass(frozen=True)
class Units:
    """How the units of one trace behave over all sequences and steps (see `traces.summarise`)."""

    block: int
    name: str  # of the trace: forget_gate, hidden, ...
    units: int
    open: int = 0  # gate units that are above 0.95 nearly always
    shut: int = 0  # gate units that are below 0.05 nearly always
    constant: int = 0  # units that do not change
    dead: int = 0  # of them, those that are 0

    @property
    def where(self) -> str:
        """Name the trace."""
        return f"{self.name}, block {self.block}"


def gates(each: Units) -> Iterator[Finding]:
    """Find gates that stand open or shut."""
    for state, count, sign in (("open", each.open, ">"), ("shut", each.shut, "<")):
        share = count / each.units
        if share > SATURATED:
            yield Finding(
                kind=f"gate_{state}",
                text=f"{share:.0%} of the {each.name} units of block {each.block} stand {state} at nearly every step"
                f" ({sign} {0.95 if state == 'open' else 0.05}): they no longer decide anything",
                numbers={"share": share, "units": each.units},
                thresholds={"share": SATURATED},
                curve=each.where,
                next=_GATE.get(
                    (each.name, state),
                    "a lower --optimizer.lr, or weight decay; saturated gates do not learn",
                ),
            )


_GATE = {
    ("forget_gate", "open"): "sequences in which something must be forgotten, or a lower"
    " --model.arch_config.forget_bias: a cell that never forgets only adds up",
    (
        "forget_gate",
        "shut",
    ): "a higher --model.arch_config.forget_bias (2 or more), so that the cell keeps its past",
    ("input_gate", "shut"): "a lower --optimizer.lr: a cell that takes nothing in cannot learn to",
    (
        "update_gate",
        "open",
    ): "a lower --optimizer.lr: here an open update gate keeps the past and takes nothing in",
    ("update_gate", "shut"): "training with longer lags: here a shut update gate keeps nothing of the past",
}


def idle(each: Units) -> Iterator[Finding]:
    """Find units that carry nothing."""
    for state, count in (("dead", each.dead), ("constant", each.constant - each.dead)):
        share = count / each.units
        if share > IDLE:
            yield Finding(
                kind=f"units_{state}",
                text=f"{share:.0%} of the {each.name} units of block {each.block} are {state}: they carry nothing",
                numbers={"share": share, "units": each.units},
                thresholds={"share": IDLE},
                curve=each.where,
                next="a smaller --model.d_model, which costs less and may do as well, or a lower --optimizer.lr",
            )
