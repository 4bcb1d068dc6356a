"""A copy learns from what it has predicted, and from nothing else; the model itself stays as it is."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from seqtoolkit.cli import main
from seqtoolkit.data.texts.dynamic_evaluation import FROZEN, DynamicEvaluation, Learner
from seqtoolkit.data.texts.streams import Streams
from seqtoolkit.evaluation import Evaluation
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.quality import Quality
from seqtoolkit.runs import read_probe
from tests.data.texts_made import STORY, small, write

SIZE, STEPS = 9, 8


def model(arch: str = "gru") -> SequenceModel:
    torch.manual_seed(0)
    return SequenceModel(arch, SIZE, SIZE, d_model=16, num_layers=1, dropout=0.5)


def symbols(n: int = 200, seed: int = 0) -> torch.Tensor:
    return torch.randint(SIZE, (n,), generator=torch.Generator().manual_seed(seed))


def windows(text: torch.Tensor, rate: float, begin: SequenceModel | None = None) -> torch.Tensor:
    """Return the mean nats (W,) of each window."""
    learner = Learner(begin or model(), rate)
    return torch.stack([learner.read(batch).mean() for batch in Streams(text, 1, STEPS)])


@pytest.mark.parametrize("arch", ["gru", "lstm", "attention"])
def test_it_is_what_a_loop_by_hand_does(arch: str) -> None:
    text, rate = symbols(), 0.01
    copy = model(arch).eval()
    optimizer = torch.optim.Adam(copy.parameters(), rate, betas=(0.0, 0.999))
    state, expected = None, []
    for batch in Streams(text, 1, STEPS):
        scores, state = copy(batch.inputs, state)
        losses = cross_entropy(scores[0], batch.targets[0])
        expected.append(losses.detach())
        optimizer.zero_grad()
        losses.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(copy.parameters(), 1.0)
        optimizer.step()
        state = None if arch == "attention" else [_detached(part) for part in state]
    torch.testing.assert_close(windows(text, rate, model(arch)), torch.stack(expected))


def _detached(part: object) -> object:
    if isinstance(part, torch.Tensor):
        return part.detach()
    return tuple(_detached(one) for one in part)  # type: ignore[attr-defined]


def test_no_window_knows_what_comes_after_its_symbols() -> None:
    """Bit for bit: with another end, what was read before costs the same."""
    text = symbols()
    other = torch.cat([text[: 10 * STEPS + 1], symbols(seed=1)[10 * STEPS + 1 :]])
    one, two = windows(text, 0.05), windows(other, 0.05)
    assert len(one) == len(two)
    same = min(10, len(one))
    assert torch.equal(one[:same], two[:same])
    assert not torch.equal(one[same + 1 :], two[same + 1 :])


def test_what_recurs_becomes_cheaper_and_what_is_random_does_not() -> None:
    phrase, noise = symbols(40), symbols(800, seed=2)
    known, unknown = windows(phrase.repeat(20), 0.03), windows(noise, 0.03)
    chance = math.log(SIZE)
    assert known[-10:].mean() < 0.2 * chance
    assert unknown.mean() > 0.95 * chance  # no bit of it can be known


def test_without_a_rate_worth_the_name_it_is_the_model_itself_which_stays_as_it_is() -> None:
    begin = model()
    begin.train()
    before = deepcopy(begin.state_dict())
    evaluation = Evaluation(
        {"dynamic": DynamicEvaluation(len(windows(symbols(), 0.1)), 1e-12, "byte")}, Loss()
    )
    begin.eval()
    for batch in Streams(symbols(), 1, STEPS):
        evaluation.update(begin, batch)
    values = evaluation.conclude()
    assert float(values["dynamic_bits_per_byte"]) == pytest.approx(
        float(values["loss"]) / math.log(2), rel=1e-6
    )
    assert all(torch.equal(before[name], value) for name, value in begin.state_dict().items())
    assert list(evaluation.parameters()) == []  # no optimiser, and no checkpoint, sees the copy


def test_it_begins_anew_after_each_conclusion(tmp_path: Path) -> None:
    data = small(write(tmp_path, STORY), window=16, dynamic_rate=0.01)
    size = data.spec["vocab_size"]
    torch.manual_seed(0)
    begin, evaluation = (
        SequenceModel("gru", size, size, d_model=8).eval(),
        Evaluation(data.metrics("val"), Loss()),
    )
    found = []
    for _ in range(2):
        for batch in data.val_dataloader():
            evaluation.update(begin, batch)
        found.append(float(evaluation.conclude()["dynamic_bits_per_character"]))
    assert found[0] == found[1]
    record = next(one for one in evaluation.records if getattr(one, "baseline", "") == FROZEN)
    assert isinstance(record, Quality)
    assert record.lower <= record.estimate <= record.upper
    assert record.estimate == pytest.approx(found[0])
    assert record.skill == pytest.approx(1 - record.estimate / (record.baseline_estimate or 0))
    assert Quality.from_dict(record.to_dict()) == record


@pytest.mark.parametrize(
    ("rate", "message"),
    [(-0.1, "dynamic_rate must be 0 or a positive number, got -0.1"), (math.nan, "got nan")],
)
def test_a_rate_that_cannot_be(rate: float, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        small(write(tmp_path, STORY), dynamic_rate=rate)


def test_a_rate_that_is_too_large_is_one_error() -> None:
    with pytest.raises(ValueError, match=r"diverged .* give a smaller --data\.dynamic_rate"):
        windows(symbols(), 1e30)


def test_by_the_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`test` computes without gradients and in inference mode; the copy learns all the same."""
    (tmp_path / "a.txt").write_text(STORY * 3)
    run, quiet = tmp_path / "run", ["--trainer.enable_progress_bar", "false"]
    data = f"--data TextData --data.file {tmp_path / 'a.txt'} --data.window 16 --data.batch_size 4".split()
    tiny = "--model.arch lstm --model.d_model 8 --model.num_layers 1 --trainer.max_steps 2".split()
    assert main(["fit", *data, *tiny, *quiet, "--run", str(run)]) == 0
    best = ["--ckpt_path", str(run / "checkpoints" / "best.ckpt"), *quiet]
    assert main(["test", *best, "--data.dynamic_rate", "0.02"]) == 0
    assert "dynamic_bits_per_character (bits)" in capfd.readouterr().out
    records = (read_probe(run, "best", "quality.json") or {})["records"]
    (dynamic,) = [one for one in records if one["measure"] == "dynamic_bits_per_character"]
    assert (
        dynamic["estimate"] < dynamic["baseline_estimate"] - 0.5
    )  # two steps of training have taught it little
    assert dynamic["settings"]["rate"] == 0.02
