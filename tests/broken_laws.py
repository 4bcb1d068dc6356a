"""What the tests of the conformance suite share: which laws a class breaks, and faults that fit every kind."""

import torch
from torch import nn

from seqtoolkit.kinds import ARCHITECTURE, Kind
from seqtoolkit.testing import ConformanceError, Subject, hold, laws_of


def broken_laws(cls: type[nn.Module], kind: Kind = ARCHITECTURE) -> list[str]:
    """Return the names of the laws that a class breaks, each of which must have said whose and which it is."""
    found = []
    for name, law in laws_of(kind).items():
        try:
            hold((name, law), Subject.of(cls, kind))
        except ConformanceError as error:
            found.append((error.law, str(error).startswith(f"{cls.__name__} breaks the law {name!r}: ")))
    assert all(named for _, named in found)
    return [law for law, _ in found]


class Foreign:
    """Something that only this file can unpickle."""


class Untrusted(nn.Module):
    """A checkpoint that needs a class to be trusted."""

    def get_extra_state(self):
        return Foreign()

    def set_extra_state(self, state):
        pass


class Idle(nn.Module):
    """A weight that is never used."""

    def __init__(self, *widths: int) -> None:
        super().__init__(*widths)
        self.unused = nn.Parameter(torch.zeros(3))
