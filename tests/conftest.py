"""What all tests share. One thread: their models are small, and two threads that wait for a busy core wait actively."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from seqtoolkit import plugins

torch.set_num_threads(1)
settings.register_profile("busy", deadline=None)  # how long one example takes says nothing on a busy machine
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def subnormal_numbers() -> Iterator[None]:
    """Give back what training switches off for speed: the next test may need the smallest numbers."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that puts a distribution with one plugin on the path; all is undone afterwards."""
    before = set(sys.modules)

    def install(name: str, source: str, dist: str = "stranger", requires: str = "", **metadata: str) -> None:
        site, module = tmp_path / dist, f"{dist}_{name}_module".replace("-", "_")
        info = site / f"{dist.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (site / f"{module}.py").write_text(source.replace("NAME", name))
        entries = info / "entry_points.txt"
        earlier = entries.read_text() if entries.exists() else "[seqtoolkit]\n"
        entries.write_text(f"{earlier}{name} = {module}\n")
        lines = ["Metadata-Version: 2.1", f"Name: {dist}", "Version: 1.2"]
        needs = [f"Requires-Dist: {requires}"] if requires else []
        (info / "METADATA").write_text(metadata.get("text", "\n".join([*lines, *needs, ""])))
        monkeypatch.syspath_prepend(site)
        plugins.load.cache_clear()

    yield install
    plugins.load.cache_clear()
    for module in set(sys.modules) - before:
        if module.endswith("_module"):
            del sys.modules[module]
