"""What the laws are tried on, how they compare, and how a broken one is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from seqtoolkit import plugins
from seqtoolkit.kinds import ARCHITECTURE, ATTENTION, Kind
from seqtoolkit.testing.trial import TRIALS, Trial

Spec: TypeAlias = "str | type[nn.Module] | tuple[str | type[nn.Module], dict[str, Any]]"
WIDTH = 16  # every width of what the laws build, but for the laws about widths


class ConformanceError(AssertionError):
    """An architecture or an attention breaks a law; the message states the law and the numbers."""

    law: str = ""


@dataclass(frozen=True)
class Subject:
    """An architecture or an attention, with the options it is checked under."""

    name: str
    cls: type[Any]
    options: dict[str, Any] = field(default_factory=dict)
    kind: Kind = ARCHITECTURE

    @classmethod
    def of(cls, spec: Spec, kind: Kind = ARCHITECTURE) -> Subject:
        """Read a name, a class, or either with options. Raises PluginError for an unknown name."""
        named, options = spec if isinstance(spec, tuple) else (spec, {})
        if isinstance(named, str):
            return cls(named, plugins.find(named, kind)[1], options, kind)
        return cls(named.__name__, named, options, kind)

    def __str__(self) -> str:
        chosen = ",".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.name}[{chosen}]" if chosen else self.name

    def build(self, dtype: torch.dtype = torch.float32, seed: int = 0, widths: tuple[int, ...] = ()) -> Any:
        """Build it in eval mode from a seed, and leave the caller's random numbers alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.cls(*(widths or self.widths.values()), **self.options).to(dtype).eval()

    def trial(self, dtype: torch.dtype = torch.float32, seed: int = 0) -> Trial:
        """Build it inside a module that maps `inputs` to one output, whatever the kind."""
        return TRIALS[self.kind](self.build(dtype, seed))

    def inputs(self, rows: int = 3, steps: int = 12, dtype: torch.dtype = torch.float32) -> list[Tensor]:
        """Draw what the trial reads: (B, T, D), and for an attention a source (B, T + 1, D) too."""
        count = 2 if self.kind is ATTENTION else 1
        return [noise(rows, steps + i, WIDTH, dtype=dtype, seed=1 + i) for i in range(count)]

    @property
    def widths(self) -> dict[str, int]:
        """Return the widths that the laws build with, by the constructor's names."""
        return dict.fromkeys(self.kind.widths, WIDTH)


Law: TypeAlias = Callable[[Subject], str]


def hold(law: tuple[str, Law], subject: Subject) -> str:
    """Try one (name, law) of LAWS and return what was measured.

    Raises ConformanceError when the law is broken, also when what is checked raises an error of its own.
    """
    name, check = law
    try:
        return check(subject)
    except ConformanceError as broken:
        found, cause = str(broken), broken.__cause__
    except Exception as raised:
        found, cause = f"It raised {type(raised).__name__}: {raised}", raised
    sentence = (check.__doc__ or "").splitlines()[0]
    error = ConformanceError(f"{subject} breaks the law {name!r}: {sentence} {found}")
    error.law = name
    raise error from cause


def noise(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 1) -> Tensor:
    """Draw standard normal numbers from a seed."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).to(dtype)


def require(condition: bool, found: str) -> None:
    """Raise ConformanceError saying what was found, unless the condition holds."""
    if not condition:
        raise ConformanceError(found)


def close(found: Tensor, expected: Tensor, what: str, tolerance: float = 1e-9) -> float:
    """Require two tensors to agree within a tolerance (0: bit for bit); return their largest difference."""
    require(
        found.shape == expected.shape,
        f"{what}: shape {tuple(found.shape)}, expected {tuple(expected.shape)}.",
    )
    if not found.numel():
        return 0.0
    worst = (found.double() - expected.double()).abs().max().item()
    wanted = f"expected at most {tolerance:.0e}" if tolerance else "expected the same bits"
    require(worst <= tolerance, f"{what}: differs by {worst:.3g}, {wanted}.")
    return worst
