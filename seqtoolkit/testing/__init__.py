"""The conformance suite: the laws of architectures and attentions as named checks, for plugin authors and for users.

In the tests of a plugin, one test for each architecture and law, named like `lstm-causal`:

    from seqtoolkit.testing import parametrize_architectures

    @parametrize_architectures(["lstm", ("attention", {"window": 8}), MyMixer])
    def test_conformance(check):
        check()

`parametrize_attentions` does the same for attentions.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from seqtoolkit.kinds import ARCHITECTURE, ATTENTION, Kind
from seqtoolkit.testing.attention_interface import ATTENTION_INTERFACE
from seqtoolkit.testing.interface import INTERFACE
from seqtoolkit.testing.looking import LOOKING
from seqtoolkit.testing.subject import ConformanceError, Law, Spec, Subject, hold
from seqtoolkit.testing.time import TIME
from seqtoolkit.testing.training import LEARNING, TRAINING

if TYPE_CHECKING:
    import pytest

__all__ = [
    "ATTENTION_LAWS",
    "LAWS",
    "ConformanceError",
    "Subject",
    "hold",
    "laws_of",
    "parametrize_architectures",
    "parametrize_attentions",
]


def _named(laws: Iterable[Law]) -> dict[str, Law]:
    return {law.__name__.replace("_", "-"): law for law in laws}


LAWS: dict[str, Law] = _named((*INTERFACE, *TIME, *TRAINING))
ATTENTION_LAWS: dict[str, Law] = _named((*ATTENTION_INTERFACE, *LOOKING, *LEARNING))


def laws_of(kind: Kind) -> dict[str, Law]:
    """Return the laws of a kind by name."""
    return {ARCHITECTURE: LAWS, ATTENTION: ATTENTION_LAWS}[kind]


def parametrize_architectures(specs: Iterable[Spec]) -> pytest.MarkDecorator:
    """Decorate a test of one argument, `check`, to run once for each architecture and law.

    Each spec is the name of an installed architecture, a SequenceMixer class, or either with its options:
    `("attention", {"window": 8})`. Calling `check()` raises ConformanceError where the law is broken.
    """
    return _parametrize(specs, ARCHITECTURE)


def parametrize_attentions(specs: Iterable[Spec]) -> pytest.MarkDecorator:
    """Decorate a test of one argument, `check`, to run once for each attention and law.

    Each spec is the name of an installed attention, a CrossAttention class, or either with its options:
    `("multihead", {"num_heads": 2})`. Calling `check()` raises ConformanceError where the law is broken.
    """
    return _parametrize(specs, ATTENTION)


def _parametrize(specs: Iterable[Spec], kind: Kind) -> pytest.MarkDecorator:
    import pytest

    cases = [
        (subject, law)
        for subject in (Subject.of(spec, kind) for spec in specs)
        for law in laws_of(kind).items()
    ]
    params = [pytest.param(partial(hold, law, subject), id=f"{subject}-{law[0]}") for subject, law in cases]
    return pytest.mark.parametrize("check", params)
