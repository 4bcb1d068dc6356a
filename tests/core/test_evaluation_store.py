"""What an evaluation leaves beside a checkpoint: with the run's seed, and examples with the split that they are of."""

from __future__ import annotations

import json
from pathlib import Path

from seqtoolkit.evaluation_store import store
from seqtoolkit.quality import Example, Quality
from seqtoolkit.run_folder import RunFolder

QUALITY = Quality("mae", "km/h", False, 9, 1.0, 0.9, 1.1)


def test_an_example_knows_its_split_and_every_record_the_seed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.open(create=True)
    folder.update(status="finished", seed=5)
    checkpoint = folder.path / "checkpoints" / "best.ckpt"
    store(folder, checkpoint, [QUALITY, Example(3, 1.5, "worst", settings={"step": 7})], "val", 12)
    folder.close()
    probes = folder.path / "probes" / "best"
    (example,) = json.loads((probes / "examples.json").read_text())["records"]
    (quality,) = json.loads((probes / "quality.json").read_text())["records"]
    assert example["settings"] == {"step": 7, "split": "val"}
    assert quality["settings"] == {}
    assert example["seed"] == quality["seed"] == 5
