"""minGRU keeps every law of an architecture, and its scan is the recurrence it stands for."""

import torch
from seqtoolkit_mingru import scan

from seqtoolkit.testing import parametrize_architectures


@parametrize_architectures(["mingru", ("mingru", {"keep_bias": 4.0})])
def test_conformance(check):
    check()


def test_the_scan_is_the_recurrence():
    keep, add = torch.rand(2, 100, 4, dtype=torch.float64), torch.randn(2, 100, 4, dtype=torch.float64)
    h = torch.randn(2, 4, dtype=torch.float64)
    found = scan(keep, add, h)
    for t in range(100):
        h = keep[:, t] * h + add[:, t]
        torch.testing.assert_close(found[:, t], h)
