"""What the laws are tried on, how they compare, and how a broken one is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor

from seqtoolkit import plugins
from seqtoolkit.mixer import SequenceMixer

Spec: TypeAlias = "str | type[SequenceMixer] | tuple[str | type[SequenceMixer], dict[str, Any]]"
WIDTH = 16  # d_model of every mixer that the laws build, but for the law about widths


class ConformanceError(AssertionError):
    """An architecture breaks a law; the message states the law and the numbers."""

    law: str = ""


@dataclass(frozen=True)
class Subject:
    """An architecture with the options it is checked under."""

    name: str
    cls: type[SequenceMixer]
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: Spec) -> Subject:
        """Read a name, a class, or either with options. Raises PluginError for an unknown name."""
        arch, options = spec if isinstance(spec, tuple) else (spec, {})
        if isinstance(arch, str):
            return cls(arch, plugins.get(arch), options)
        return cls(arch.__name__, arch, options)

    def __str__(self) -> str:
        chosen = ",".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.name}[{chosen}]" if chosen else self.name

    def build(self, dtype: torch.dtype = torch.float32, seed: int = 0, width: int = WIDTH) -> SequenceMixer:
        """Build the mixer in eval mode from a seed, and leave the caller's random numbers alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.cls(width, **self.options).to(dtype).eval()


Law: TypeAlias = Callable[[Subject], str]


def hold(law: tuple[str, Law], subject: Subject) -> str:
    """Try one (name, law) of LAWS and return what was measured.

    Raises ConformanceError when the law is broken, also when the mixer raises an error of its own.
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
