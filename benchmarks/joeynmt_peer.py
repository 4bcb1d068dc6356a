"""JoeyNMT as a rival: a virtual environment of its own, its own command line, and what its log says.

Nothing of it is imported here: its `python -m joeynmt` runs as a user would run it, and never in our environment.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from statistics import harmonic_mean
from typing import Any, NamedTuple

import yaml

VERSION = "2.3.0"
CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"  # the same torch as ours
PACKAGES = (
    f"joeynmt=={VERSION}",
    "importlib_metadata",
    "setuptools<80",
)  # it imports both without asking for them
SPLITS = {"train": "train", "dev": "val", "test": "test"}
FORCED = """
from functools import partial
from joeynmt import __main__, prediction
prediction.search = partial(prediction.search, min_output_length={0})  # `predict` forgets to hand it on
__main__.main()
"""
RATE = re.compile(r"Tokens per Sec:\s*(\d+)")
SECONDS = re.compile(r"Generation took ([\d.]+)\[sec\]")


class Trained(NamedTuple):
    """What a training run said."""

    rate: float  # target tokens a second, end marks included, without the first interval of its log
    layers: str
    parameters: int


class Decoded(NamedTuple):
    """What a decoding run said and wrote."""

    seconds: float
    answers: list[list[str]]


def environment(folder: Path) -> Path:
    """Return the Python of the virtual environment in `folder`, which is made where it is not whole."""
    python, whole = folder / "bin" / "python", folder / f"joeynmt-{VERSION}"
    if not whole.exists():
        print(f"making {folder} for JoeyNMT {VERSION} (a minute)", file=sys.stderr)
        _run(sys.executable, "-m", "venv", "--clear", folder)
        _run(python, "-m", "pip", "install", "--quiet", "--constraint", CONSTRAINTS, *PACKAGES)
        whole.touch()
    return python


def write(folder: Path, split: str, pairs: list[tuple[str, str]]) -> None:
    """Write the sources and the targets of a split as plain text, a line for each."""
    for suffix, lines in zip(("src", "trg"), zip(*pairs, strict=True), strict=True):
        (folder / f"{split}.{suffix}").write_text("".join(f"{line}\n" for line in lines))


def train(python: Path, folder: Path, config: dict[str, Any]) -> Trained:
    """Train as `config` (see `configuration`) says, into `folder`/model."""
    _run(python, "-m", "joeynmt", "train", _write(folder, config), "--skip-test", cwd=folder)
    log = (folder / "model" / "train.log").read_text()
    rates = [float(rate) for rate in RATE.findall(log)]
    layers = re.search(r"Model\(\n(.*?)loss_function", log, re.DOTALL)
    parameters = re.search(r"Total params: (\d+)", log)
    assert layers is not None
    assert parameters is not None
    return Trained(harmonic_mean(rates[1:]), " ".join(layers[1].split()).rstrip(","), int(parameters[1]))


def decode(python: Path, folder: Path, config: dict[str, Any], symbols: int | None = None) -> Decoded:
    """Decode the test split with the model that was trained last in `folder`; `symbols`: each answer has so many."""
    path = _write(folder, {**config, "data": {**config["data"], "dev": None}})
    program = ("-m", "joeynmt") if symbols is None else ("-c", FORCED.format(symbols))
    _run(python, *program, "test", path, "--output-path", folder / "answers", cwd=folder)
    seconds = SECONDS.findall((folder / "model" / "test.log").read_text())[-1]
    answers = (folder / "answers.test").read_text().splitlines()
    return Decoded(float(seconds), [answer.split() for answer in answers])


def configuration(
    folder: Path,
    batch: int,
    kind: str,
    steps: int,
    rate: float,
    dropout: float,
    beams: int,
    decoded: int,
    longest: int,
) -> dict[str, Any]:
    """Return the configuration of its tutorial: reverse, LSTM 64, embedding 16, Bahdanau with input feeding.

    `batch` counts sentences or padded target tokens: `kind` is "sentence" or "token". Its schedule, `plateau`, passes
    an argument that torch has removed; an exponential decay by 1 is a constant rate.
    """
    text = {"max_length": -1, "level": "word", "voc_limit": 100, "voc_min_freq": 0}
    layer = {
        "type": "recurrent",
        "rnn_type": "lstm",
        "embeddings": {"embedding_dim": 16, "scale": False},
        "hidden_size": 64,
        "dropout": dropout,
        "num_layers": 1,
    }
    return {
        "name": "reverse",
        "joeynmt_version": VERSION,
        "model_dir": str(folder / "model"),
        "use_cuda": False,
        "fp16": False,
        "random_seed": 0,
        "data": {
            **{name: str(folder / split) for name, split in SPLITS.items()},
            "dataset_type": "plain",
            "src": {"lang": "src", **text},
            "trg": {"lang": "trg", **text},
        },
        "testing": {
            "beam_size": beams,
            "beam_alpha": 1.0,
            "eval_metrics": ["sequence_accuracy"],
            "max_output_length": longest,
            "batch_size": decoded,
            "batch_type": "sentence",
        },
        "training": {
            "optimizer": "adam",
            "learning_rate": rate,
            "learning_rate_min": 0.0,
            "clip_grad_norm": 1.0,
            "scheduling": "exponential",
            "decrease_factor": 1.0,
            "normalization": "tokens",
            "batch_size": batch,
            "batch_type": kind,
            "epochs": 1_000_000,
            "updates": steps,
            "logging_freq": max(1, steps // 5),
            "validation_freq": 1_000_000 * max(1, steps // 5),
            "overwrite": True,
        },
        "model": {
            "initializer": "xavier_uniform",
            "embed_initializer": "normal",
            "embed_init_weight": 0.1,
            "bias_initializer": "zeros",
            "encoder": {**layer, "bidirectional": True},
            "decoder": {
                **layer,
                "hidden_dropout": dropout,
                "input_feeding": True,
                "init_hidden": "zero",
                "attention": "bahdanau",
            },
        },
    }


def _write(folder: Path, config: dict[str, Any]) -> Path:
    path = folder / "joeynmt.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def _run(*words: str | Path, cwd: Path | None = None) -> None:
    """Run a command; when it fails, end with the last of what it printed."""
    done = subprocess.run(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))} failed:\n{done.stdout[-2000:]}")
