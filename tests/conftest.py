"""One thread: the models of the tests are small, and two threads that wait for a busy core wait actively."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("busy", deadline=None)  # how long one example takes says nothing on a busy machine
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def subnormal_numbers() -> Iterator[None]:
    """Give back what training switches off for speed: the next test may need the smallest numbers."""
    yield
    torch.set_flush_denormal(False)
