"""Write run folders as training leaves them, with the same writer, but without training."""

from __future__ import annotations

import json
import math
import random
import time
from pathlib import Path
from typing import Any

from seqtoolkit.run_folder import RunFolder
from tests.dashboard.data_folders import recall_data, write_data
from tests.dashboard.quality_folders import length_records, write_lengths
from tests.dashboard.retention_folders import recall_record, write_probe

CREATED = 1_795_000_000.0


def write_run(root: Path, name: str, arch: str = "lstm", steps: int = 60, **fields: Any) -> RunFolder:
    """Write a finished run with loss curves, and return its folder, still held by this process.

    A caller closes it; a run of status "running" counts as crashed from then on.
    """
    folder = RunFolder(root / name)
    folder.open(create=True)
    noise = random.Random(name)
    for step in range(25, 25 * steps + 1, 25):
        loss = 0.35 + 2.6 * math.exp(-step / 260) + noise.gauss(0, 0.04)
        folder.log(step, step // 500, {"train/loss": loss, "lr": 2e-3})
        if step % 125 == 0:
            val = loss + 0.05
            folder.log(step, step // 500, {"val/loss": val, "val/token_accuracy": 1 / (1 + val)})
    facts = {
        "status": "finished", "arch": arch, "arch_config": {}, "task": "g2p", "plugin": "seqtoolkit 0.1.0",
        "parameters": 620_431, "seed": 1, "step": 25 * steps, "created": CREATED, "finished": CREATED + 61, "error": "",
    }  # fmt: skip
    metrics = {
        "train/loss": 0.36, "val/loss": 0.412, "test/loss": 0.42, "test/per": 0.0912 + noise.random() / 50,
        "test/wer": 0.36 + noise.random() / 20, "train/steps_per_second": 20 + 30 * noise.random(),
    }  # fmt: skip
    folder.update(**{**facts, "metrics": metrics, **fields})
    return folder


def write_checkpoint(path: Path, arch: str, seed: int = 0, **chosen: Any) -> Path:
    """Save an untrained model that reads letters and answers phonemes, as a checkpoint."""
    import torch

    from seqtoolkit.checkpoint import BLOCK
    from seqtoolkit.data.g2p import CODEC
    from seqtoolkit.described import describe

    count, classes = len(CODEC.symbols), len(CODEC.classes)
    spec = {"task": "g2p", "vocab_size": count, "num_classes": classes, "codec": CODEC.to_dict()}
    shape = {"d_model": 16, "num_layers": 2, "block": "residual", "mlp_ratio": 0.0, "dropout": 0.0}
    described = describe({"arch": arch, **shape, **chosen}, spec)
    torch.manual_seed(seed)
    weights = {f"model.{name}": value for name, value in described.build().state_dict().items()}
    head = "model.decoder.head.bias" if "encoder" in chosen else "model.head.bias"
    weights[head][CODEC.end_class] += 9.0  # untrained models otherwise answer without end
    path.parent.mkdir(exist_ok=True)
    torch.save({"state_dict": weights, "global_step": 1500, BLOCK: described.to_dict()}, path)
    return path


def write_demo(root: Path) -> dict[str, RunFolder]:
    """Write one run of every kind; the caller closes the folder of the one that trains, "g2p-training"."""
    root.mkdir(parents=True, exist_ok=True)
    folders = {}
    for place, arch in enumerate(("rnn", "lstm", "gru", "attention")):
        run = folders[arch] = write_run(
            root, f"recall-{arch}", arch, task="recall", created=CREATED + 60 * place
        )
        run.update(metrics={"test/recall_accuracy": 0.31 + 0.2 * place})
        write_probe(run, recall_record(arch))
        write_data(run, recall_data())
    write_run(root, "g2p-lstm-seed2", "lstm", steps=90, seed=2, created=CREATED - 900).close()
    error = "RuntimeError: loss is NaN at step 412; lower the learning rate"
    write_run(
        root, "g2p-crashed", "gru", steps=16, status="crashed", error=error, created=CREATED - 1000
    ).close()
    for name, attention, reach in (("pairs-plain", "none", 4.5), ("pairs-additive", "additive", 16.0)):
        run = write_run(
            root, name, "gru", encoder="lstm", attention=attention, task="pairs", created=CREATED - 3000
        )
        write_lengths(run, *length_records(reach))
        run.close()
    write_run(
        root, "minlstm-trial", "minlstm", plugin="seqtoolkit-minlstm 0.3.0", created=CREATED - 2000
    ).close()
    unreadable = root / "half-copied"
    unreadable.mkdir()
    (unreadable / "run.json").write_text('{"schema": 1, "arch": ')
    for run in folders.values():
        run.close()
    live = write_run(
        root, "g2p-training", "attention", 40, status="running", step=1000, created=time.time() - 90
    )
    return {**folders, "live": live}


def log_line(path: Path, **values: float) -> None:
    """Append one line to the metrics of a run, as another process would."""
    with (path / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(values) + "\n")
