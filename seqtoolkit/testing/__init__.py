"""The conformance suite: the laws of an architecture as named checks, for plugin authors and for users.

In the tests of a plugin, one test for each architecture and law, named like `lstm-causal`:

    from seqtoolkit.testing import parametrize_architectures

    @parametrize_architectures(["lstm", ("attention", {"window": 8}), MyMixer])
    def test_conformance(check):
        check()
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from seqtoolkit.testing.interface import INTERFACE
from seqtoolkit.testing.subject import ConformanceError, Law, Spec, Subject, hold
from seqtoolkit.testing.time import TIME
from seqtoolkit.testing.training import TRAINING

if TYPE_CHECKING:
    import pytest

__all__ = ["LAWS", "ConformanceError", "Subject", "hold", "parametrize_architectures"]

LAWS: dict[str, Law] = {law.__name__.replace("_", "-"): law for law in (*INTERFACE, *TIME, *TRAINING)}


def parametrize_architectures(specs: Iterable[Spec]) -> pytest.MarkDecorator:
    """Decorate a test of one argument, `check`, to run once for each architecture and law.

    Each spec is the name of an installed architecture, a SequenceMixer class, or either with its options:
    `("attention", {"window": 8})`. Calling `check()` raises ConformanceError where the law is broken.
    """
    import pytest

    cases = [(subject, law) for subject in map(Subject.of, specs) for law in LAWS.items()]
    params = [pytest.param(partial(hold, law, subject), id=f"{subject}-{law[0]}") for subject, law in cases]
    return pytest.mark.parametrize("check", params)
