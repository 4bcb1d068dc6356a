"""`seqtoolkit retention` on models that read numbers, and on models that know the future, which it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from seqtoolkit import plugins
from tests.core.commands import fit
from tests.core.measuring import failed, measure, stored

MODEL = """
    --model.arch gru --model.d_model 16 --model.num_layers 1 --trainer.max_steps 4 --trainer.log_every_n_steps 1
    --trainer.enable_progress_bar false
""".split()
FEW = "--steps 24 --sequences 128 --seeds 1 --lags 1,2,4,8 --progress none".split()


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on a CSV file of two channels, which are wanted 4 hours later."""
    run = tmp_path_factory.mktemp("series") / "run"
    noise = 0.1 * np.random.default_rng(0).standard_normal(1500)
    rows = [
        f"{hour},{300 + np.sin(hour / 9) + noise[hour]:.4f},{np.cos(hour / 5):.4f}" for hour in range(1500)
    ]
    file = run.parent / "series.csv"
    file.write_text("\n".join(["hour,heat,load", *rows]))
    data = "--data SeriesData --data.time hour --data.window 24 --data.horizon 4 --data.file"
    assert fit(run, base=[*data.split(), str(file), *MODEL]) == 0
    return run


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on series of one channel that go up or down."""
    run = tmp_path_factory.mktemp("labelled") / "run"
    draw = np.random.default_rng(1)
    parts: dict[str, Any] = {}
    for split in ("train", "val", "test"):
        down_or_up = np.arange(80) % 2
        parts[f"y_{split}"] = np.array(["down", "up"])[down_or_up]
        slope = (down_or_up - 0.5)[:, None] * np.arange(20)
        parts[f"x_{split}"] = draw.standard_normal((80, 20)) + slope
    file = run.parent / "labelled.npz"
    np.savez(file, **parts)
    data = [word for split in ("train", "val", "test") for word in (f"--data.{split}", str(file))]
    assert fit(run, base=["--data", "LabelledSeriesData", *data, *MODEL]) == 0
    return run


@pytest.mark.parametrize(
    ("name", "task", "unit", "longest"),
    [("series", "forecast", "mse", 24), ("labelled", "labelled-series", "nats", 20)],
)
def test_all_protocols_but_recall(
    name: str,
    task: str,
    unit: str,
    longest: int,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = request.getfixturevalue(name)
    assert measure(run, small=FEW) == 0
    shown = capsys.readouterr()
    assert f"left out recall: the model was trained on {task};" in shown.err
    rows = {line.split()[0]: line for line in shown.out.splitlines() if line}
    found = {record.protocol: record for record in reversed(stored(run)) if not record.settings.get("twin")}
    assert set(found) == {"decoding", "gradient", "influence", "truncation", "timescale"}
    for protocol, record in found.items():
        assert record.horizon is not None
        assert str(record.horizon) in rows[protocol]
        assert record.lags == [1, 2, 4, 8]
    assert found["decoding"].unit == "R2"
    assert (found["truncation"].unit, found["truncation"].settings["longest"]) == (unit, longest)
    assert min(found["truncation"].n) >= 30


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train an encoder that reads from both ends, and its decoder."""
    run = tmp_path_factory.mktemp("pair") / "run"
    file = run.parent / "pairs.tsv"
    file.write_text("".join(f"{number:o}\t{number:o}\n" for number in range(64, 900)))
    assert (
        fit(run, base=["--data", "PairsData", "--data.file", str(file), *MODEL, "--model.encoder", "gru"])
        == 0
    )
    return run


def test_an_encoder_that_reads_from_both_ends_is_refused_and_its_decoder_is_not(
    pair: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = failed(capsys, pair, "--part", "encoder", "--no_twin", small=FEW)
    assert "the encoder reads from both ends, so its features know the future" in line
    assert "measure the decoder" in line
    assert stored(pair) == []
    assert measure(pair, "--protocols", "gradient", "--no_twin", small=FEW) == 0
    assert [record.settings["part"] for record in stored(pair)] == ["decoder"]


@pytest.mark.parametrize("name", ["recalling", "series", "labelled", "pair"])
@pytest.mark.parametrize("protocols", [[], ["--protocols", "truncation"], ["--protocols", "recall"]])
def test_a_model_that_sees_the_future_is_refused(
    name: str,
    protocols: list[str],
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = request.getfixturevalue(name)
    before = stored(run)
    mixer = plugins.get("gru")
    causal = mixer.forward

    def ahead(self: torch.nn.Module, x: Tensor, state: Any = None) -> Any:
        return causal(self, x + x.roll(-1, 1), state)

    monkeypatch.setattr(mixer, "forward", ahead)
    line = failed(capsys, run, *protocols, small=FEW)
    assert "the model is not causal: changing its inputs from step" in line
    assert stored(run) == before
