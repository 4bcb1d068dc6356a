"""Write run folders as training leaves them, with the same writer, but without training."""

from __future__ import annotations

import json
import math
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from seqtoolkit.compare.advice import advise
from seqtoolkit.data_record import Bins, DataSummary, Shown, Spread
from seqtoolkit.files import write_json
from seqtoolkit.quality import Confusion, Example, Quality
from seqtoolkit.retention.diagnosis import Finding
from seqtoolkit.run_folder import RunFolder

CREATED = 1_795_000_000.0
LAGS = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128]
REACH = {"rnn": 9, "gru": 40, "lstm": 62, "attention": 4000, "minlstm": 25}  # lag at which half is forgotten


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


def recall_record(arch: str, seed: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a recall curve as plain values: a soft step down at the reach of the architecture."""
    n, reach = 400, REACH.get(arch, 20)
    estimate = [1 / 26 + (25 / 26) / (1 + (lag / reach) ** 3) for lag in LAGS]
    half = [1.96 * math.sqrt(p * (1 - p) / n) + 0.004 for p in estimate]
    above = [lag for lag, p in zip(LAGS, estimate, strict=True) if p > (1 + 1 / 26) / 2]
    last = above[-1] if above else 0
    at = LAGS.index(last) if above else 0
    horizon = {
        "estimate": last, "lower": LAGS[max(at - 1, 0)] if above else 0,
        "upper": LAGS[min(at + 1, len(LAGS) - 1)], "censored": last == LAGS[-1],
        "upper_censored": at + 1 >= len(LAGS),
    }  # fmt: skip
    record = {
        "protocol": "recall", "unit": "accuracy", "lags": LAGS, "estimate": estimate,
        "lower": [max(0.0, p - h) for p, h in zip(estimate, half, strict=True)],
        "upper": [min(1.0, p + h) for p, h in zip(estimate, half, strict=True)],
        "null": [1 / 26] * len(LAGS), "n": [n] * len(LAGS), "horizon": horizon, "seed": seed, "settings": {},
    }  # fmt: skip
    return {**record, **fields}


def protocol_records(arch: str, seeds: int = 1, untrained: bool = True) -> list[dict[str, Any]]:
    """Return curves of all six protocols as plain values, for each seed, with those of the untrained twin."""
    records = []
    for seed in range(seeds):
        for twin in (False, True) if untrained else (False,):
            reach = (3 if twin else min(REACH.get(arch, 20), 400)) * (1 + 0.1 * seed)
            records += [_protocol_record(name, reach, seed, twin) for name in SHAPES]
    return records


SHAPES: dict[str, tuple[str, Any, float]] = {  # unit, value at a share of the reach, null
    "decoding": ("rho2", lambda x: 1 / (1 + x**3), 0.02),
    "gradient": ("log10 norm", lambda x: -0.4 * x, -37.2),
    "influence": ("nats", lambda x: 1.2 / (1 + x**2), 0.0),
    "recall": ("accuracy", lambda x: 1 / 26 + 25 / 26 / (1 + x**3), 1 / 26),
    "truncation": ("nats", lambda x: 2.1 + 1.3 / (1 + 2 * x), 3.3),
    "timescale": ("share kept", lambda x: math.exp(-x), 0.0),
}


def _protocol_record(name: str, reach: float, seed: int, twin: bool) -> dict[str, Any]:
    unit, shape, null = SHAPES[name]
    estimate = [shape(lag / reach) for lag in LAGS]
    half = [0.02 + 0.03 * abs(value) for value in estimate]
    at = max((i for i, lag in enumerate(LAGS) if lag <= reach), default=0)
    horizon = {
        "estimate": LAGS[at], "lower": LAGS[max(at - 1, 0)], "upper": LAGS[min(at + 1, len(LAGS) - 1)],
        "censored": at + 1 == len(LAGS), "upper_censored": at + 2 >= len(LAGS),
    }  # fmt: skip
    settings: dict[str, Any] = {
        "part": "model",
        "drive": "data" if name in ("recall", "truncation") else "iid",
    }
    if twin:
        settings["twin"] = True
    if name == "decoding":
        settings["capacity"] = {"estimate": reach, "lower": reach * 0.9, "upper": reach * 1.1}
    return {
        "protocol": name, "unit": unit, "lags": LAGS, "estimate": estimate,
        "lower": [e - h for e, h in zip(estimate, half, strict=True)],
        "upper": [e + h for e, h in zip(estimate, half, strict=True)],
        "null": [null] * len(LAGS), "n": [400] * len(LAGS),
        "horizon": None if name in ("gradient", "timescale") else horizon, "seed": seed, "settings": settings,
    }  # fmt: skip


def length_records(reach: float, seed: int = 1, **fields: Any) -> list[dict[str, Any]]:
    """Return all measures by source length as plain values: of a model whose errors double after `reach` symbols."""
    low, high, n = (
        [1, 5, 7, 9, 11, 13, 16],
        [4, 6, 8, 10, 12, 15, 22],
        [900, 2400, 3600, 2800, 1500, 700, 100],
    )
    error = [min(0.9, 0.05 * 2 ** ((a + b) / 2 / reach)) for a, b in zip(low, high, strict=True)]
    scales = {"error_rate": (0.0, 1.0), "sequence_accuracy": (1, -1), "chrf": (100, -100), "bleu": (100, -90)}
    records = []
    for measure, (base, slope) in scales.items():
        half = [abs(slope) * 1.96 * math.sqrt(e * (1 - e) / count) for e, count in zip(error, n, strict=True)]
        estimate = [base + slope * e for e in error]
        record = {
            "measure": measure, "unit": measure, "low": low, "high": high, "n": n, "estimate": estimate,
            "lower": [max(0.0, p - h) for p, h in zip(estimate, half, strict=True)],
            "upper": [p + h for p, h in zip(estimate, half, strict=True)], "seed": seed,
            "settings": {"beams": 4, "overall": {
                "estimate": estimate[2], "lower": estimate[2] - 0.01, "upper": estimate[2] + 0.01, "n": 12_000}},
        }  # fmt: skip
        records.append({**record, **fields})
    return records


def write_lengths(folder: RunFolder, *records: dict[str, Any]) -> None:
    """Store measures by source length with the best checkpoint."""
    folder.write_probe(
        Path("best.ckpt"),
        "length.json",
        {"schema": 1, "split": "test", "step": 1500, "records": list(records)},
    )


def write_probe(
    folder: RunFolder, *records: dict[str, Any], checkpoint: str = "best", step: int = 1500
) -> None:
    """Store retention records with a checkpoint."""
    folder.write_probe(
        Path(f"{checkpoint}.ckpt"), "retention.json", {"schema": 1, "step": step, "records": list(records)}
    )


def findings(**fields: Any) -> list[dict[str, Any]]:
    """Return findings as plain values: of a curve, of two, and of a gate."""
    found = [
        Finding("gradient_vanishes", "the gradient vanishes: from lag 1 to lag 128 it changes by a factor of 2e-06, "
                "0.902 for each step", {"log10_change": -5.69, "slope": -0.0448}, {"log10_change": -3.0}, "gradient",
                "a gated architecture (lstm, gru) or attention"),
        Finding("present_unused", "present but not used: inputs can be read off the features up to lag 48 [32, 64], and"
                " predictions depend on them up to lag 8 [4, 12] only", {"decoding_lower": 32, "influence_upper": 12},
                {"decoding_lower": 12}, "decoding beside influence", "a longer training in which these lags decide"),
        Finding("gate_open", "83% of the forget_gate units of block 1 stand open at nearly every step (> 0.95): they no"
                " longer decide anything", {"share": 0.83, "units": 64}, {"share": 0.5}, "forget_gate, block 1",
                "a lower --model.arch_config.forget_bias"),
    ]  # fmt: skip
    return [{**one.to_dict(), **fields} for one in found]


def write_findings(folder: RunFolder, *found: dict[str, Any], checkpoint: str = "best") -> None:
    """Store what stands out in a checkpoint."""
    folder.write_probe(
        Path(f"{checkpoint}.ckpt"), "diagnosis.json", {"schema": 1, "step": 1500, "findings": list(found)}
    )


def log_horizons(folder: RunFolder, reach: float, longest: int = 128, steps: int = 8) -> None:
    """Log horizons against the step of training as a recorder does, of a memory that grows to `reach`."""
    for place in range(1, steps + 1):
        row = {"retention/seconds": 1.5 * place, "retention/share": 0.021}
        for protocol, share in (("gradient", 1.0), ("influence", 0.6)):
            horizon = min(longest, int(share * reach * place / steps))
            name = f"retention/{protocol}_horizon"
            row |= {name: horizon, f"{name}_lower": horizon // 2, f"{name}_upper": min(longest, 2 * horizon)}
            row[f"{name}_censored"] = float(horizon == longest)
        folder.log(1500 * place // steps, 0, row)
        folder.update(metrics=row)


def recall_data(**fields: Any) -> DataSummary:
    """Return what recall looks like: symbols in which some steps are asked, with lags."""
    letters = "abqBcdz?aaBxd?" * 3
    asked = ["B" if letter == "?" else "" for letter in letters]
    found = DataSummary(
        task="recall", target="classes", sampled=1000, splits={"train": {"examples": 12_800, "batches": 200},
        "val": {"examples": 1200, "batches": 15}}, lengths=Bins([48, 53, 58], [52, 57, 62], [300, 4000, 8500]),
        supervised=6.4, symbols={**dict.fromkeys("abcdqxz", 9000), "B": 6400, "?": 6400, " ": 20},
        classes={letter: 240 + 3 * i for i, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")},
        lags=Bins([1, 5, 9, 13], [4, 8, 12, 16], [3100, 1600, 1000, 700]),
        shown=[Shown(62, asked, read=list(letters))] * 3,
    )  # fmt: skip
    return replace(found, **fields)


def series_data(**fields: Any) -> DataSummary:
    """Return what a series looks like: channels, of which one has gaps, and a value that is asked for."""
    quantiles = [-3.1, -1.6, -0.7, 0.02, 0.68, 1.64, 4.4]
    waves = [[round(math.sin(step / (4 + row)) + row, 4) for step in range(96)] for row in range(3)]
    found = DataSummary(
        task="series", target="quantiles", sampled=400, splits={"train": {"examples": 7000, "batches": 110}},
        lengths=Bins([96], [96], [7000]), supervised=24.0,
        channels=[Spread("speed", quantiles), Spread("load <b>", [10 * q for q in quantiles], 0.031),
                  Spread("gone", [], 1.0)],
        outputs=[Spread("speed", quantiles)],
        shown=[Shown(96, ["?"] * 96, values={"speed": wave, "load <b>": wave[::-1]}) for wave in waves],
    )  # fmt: skip
    return replace(found, **fields)


def write_data(folder: RunFolder, found: DataSummary) -> None:
    """Store what the training data look like, as a run does when it begins."""
    write_json(folder.path / "data.json", found.to_dict())


def quality_records(error: float, baseline: str = "majority class") -> list[Quality]:
    """Return an accuracy beside a baseline, and a loss beside two."""
    accuracy = Quality("accuracy", "share", True, 400, 1 - error, 0.97 - error, min(1.0, 1.02 - error), baseline, 0.35,
                       (0.65 - error) / 0.65, 0.6 - error, 1.0, settings={"interval": "Wilson"})  # fmt: skip
    losses = [
        Quality("loss", "nats", False, 400, 2 * error, 1.8 * error, 2.3 * error, name, value, 1 - 2 * error / value,
                1 - 2.3 * error / value, 1 - 1.8 * error / value)
        for name, value in (("class frequencies", 1.6), ("uniform <b>", 2.2))
    ]  # fmt: skip
    return [accuracy, *losses]


def forecast_records(error: float) -> list[Quality]:
    """Return an error of forecasts beside two baselines, step by step."""
    steps = {
        "model": [error * i for i in range(1, 9)],
        "naive": [0.2 * i for i in range(1, 9)],
        "seasonal naive": [0.9] * 8,
    }
    return [
        Quality("mae", "km/h", False, 120, 4 * error, 3.6 * error, 4.5 * error, name, value, 1 - 4 * error / value,
                1 - 4.5 * error / value, 1 - 3.6 * error / value, settings={"by_step": steps})
        for name, value in (("naive", 0.9), ("seasonal naive", 0.95))
    ]  # fmt: skip


def confusion_record(classes: int = 5) -> Confusion:
    """Return a confusion that is mostly right."""
    names = [f"class {i}" for i in range(classes)]
    return Confusion(
        names, [[80 if a == b else (a + 2 * b) % 7 for b in range(classes)] for a in range(classes)]
    )


def text_examples() -> list[Example]:
    """Return texts with answers, the worst and one by chance."""
    return [
        Example(17, 9.1, "worst", "remember", "R IH M EH M B ER", "R EH M"),
        Example(3, 7.25, "worst", "phone", "F OW N", "P"),
        Example(8, 0.01, "drawn", "cat", "K AE T", "K AE T"),
    ]  # fmt: skip


def forecast_examples(outputs: int = 2) -> list[Example]:
    """Return forecasts with bands, one with a gap in what came."""
    names = [f"sensor {i}" for i in range(outputs)]
    wave = [math.sin(step / 3) for step in range(40)]
    middle = [value + 0.1 for value in wave[24:36]]
    bands = [
        [value + shift * (1 + i / 6) for i, value in enumerate(middle)]
        for shift in (-0.3, -0.1, 0.0, 0.1, 0.3)
    ]
    labels = {
        "past": [f"2026-01-01 {i:02d}:00" for i in range(24)],
        "future": [f"2026-01-02 {i:02d}:00" for i in range(12)],
    }
    return [
        Example(40 + place, 3.0 - place, chosen, past=dict.fromkeys(names, wave[:24]),
                future={name: [*wave[24:30], None, *wave[31:36]] for name in names},
                forecast=dict.fromkeys(names, bands), quantiles=[0.05, 0.25, 0.5, 0.75, 0.95], labels=labels)
        for place, chosen in enumerate(("worst", "worst", "drawn"))
    ]  # fmt: skip


def write_records(folder: RunFolder, *records: Any, checkpoint: str = "best") -> None:
    """Store records of quality with a checkpoint, as a test does."""
    for probe in {record.probe for record in records}:
        found = [record.to_dict() for record in records if record.probe == probe]
        value = {"schema": 1, "split": "test", "step": 1500, "records": found}
        folder.write_probe(Path(f"{checkpoint}.ckpt"), f"{probe}.json", value)


def comparison(**fields: Any) -> dict[str, Any]:
    """Return what `seqtoolkit compare` leaves: three architectures, of which one seed failed, with its advice."""
    budget = {"seconds": None, "steps": 2000, "epochs": None}
    settings = {
        "budget": budget, "rates": [0.001, 0.003], "rate_share": 0.25, "monitor": "val/loss", "mode": "min",
        "seeds": [0, 1, 2], "reference": "lstm", "parameters": 100_000, "encoder": False, "threads": 1, "jobs": 2,
        "state_steps": 128, "lags": [1, 2, 4, 8, 16, 32], "sequences": 1000, "load": 1.2,
    }  # fmt: skip
    architectures = [
        _compared("rnn", 0.71, 7, 0.08, 512), _compared("lstm", 0.965, 42, 0.21, 1024, best=True),
        _compared("attention", 0.961, 128, 0.9, 65_536, failed=True),
    ]  # fmt: skip
    need = {
        "arch": "lstm",
        "estimate": 16,
        "lower": 8,
        "upper": 32,
        "censored": False,
        "upper_censored": False,
    }
    found = {
        "status": "finished", "config": "configs/<b>mine.yaml", "task": "recall", "settings": settings,
        "measure": {"name": "recall_accuracy", "mode": "max", "unit": "accuracy", "split": "test"},
        "architectures": architectures, "memory_need": need,
    }  # fmt: skip
    return {"schema": 1, "updated": CREATED, **found, "recommendation": advise(found), **fields}


def _compared(
    arch: str,
    reached: float,
    horizon: int,
    latency: float,
    state: int,
    best: bool = False,
    failed: bool = False,
) -> dict[str, Any]:
    names = ("lower", "upper", "censored", "upper_censored")
    bounds = dict(
        zip(names, (horizon // 2, min(128, 2 * horizon), horizon == 128, horizon > 60), strict=True)
    )
    lags = [1, 2, 4, 8, 16, 32]
    loss = [2.2 - 1.6 * reached * min(1, lag / 16) for lag in lags]
    seeds = [
        {
            "seed": seed, "run": f"{arch}-lr0.003-seed{seed}", "status": "finished", "error": "", "steps": 2000,
            "quality": {"estimate": reached + 0.01 * (seed - 1), "lower": reached - 0.03, "upper": 1.0, "n": 400},
            "seconds": 60.0 + 9 * seed, "at_end": False,
        }
        for seed in range(3)
    ]  # fmt: skip
    if failed:
        seeds[2] |= {
            "status": "failed",
            "error": "the training loss is nan at step 412",
            "quality": None,
            "seconds": None,
        }
    return {
        "arch": arch, "d_model": 96, "parameters": 100_431, "rate": 0.003, "rate_at_edge": True, "seeds": seeds,
        "rates": [{"rate": 0.003, "value": 0.4, "run": "", "status": "finished", "error": ""}],
        "quality": {"estimate": reached, "lower": reached - 0.02, "upper": reached + 0.02, "seeds": 3 - failed,
                    "examples_lower": reached - 0.03, "examples_upper": reached + 0.03, "examples": 400},
        "baseline": None, "seconds": 69.0, "state_bytes": state,
        "latency": {"estimate": latency, "lower": 0.9 * latency, "upper": 1.2 * latency, "n": 200},
        "horizon": {"protocol": "recall", "solved": "3/3", "estimate": horizon, **bounds},
        "memory": {"lags": lags, "estimate": loss, "lower": [x - 0.03 for x in loss], "upper": [x + 0.03 for x in loss],
                   "null": [2.2] * 6, "unit": "nats", "full_loss": loss[-1], "seed": 0, "within_interval": 16,
                   "context": {"estimate": 16, "lower": 8, "upper": 32, "censored": False, "upper_censored": False}},
        "skipped": {"cost": "its process was killed"} if failed else {},
        "difference": None if best else {"than": "lstm", "estimate": reached - 0.965, "lower": reached - 1.0,
                                         "upper": reached - 0.93, "pairs": 3, "tied": reached > 0.93},
    }  # fmt: skip


def write_comparison(root: Path, name: str, found: dict[str, Any] | None = None) -> None:
    """Store a comparison in a folder of its own."""
    (root / name).mkdir(parents=True, exist_ok=True)
    write_json(root / name / "compare.json", found or comparison())


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
