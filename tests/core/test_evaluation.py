"""Scores and losses at the supervised steps: label smoothing is its formula, and training's alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from seqtoolkit.data.reverse import ReverseData
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.evaluation import score
from seqtoolkit.losses import Loss
from seqtoolkit.runs import read_metrics
from tests.core.commands import fit

STILL = """
    --data RecallData --data.max_lag 8 --data.length 24 --data.num_symbols 3 --data.batch_size 8
    --data.train_sequences 8 --data.val_per_lag 4 --model.arch gru --model.d_model 16 --model.num_layers 1
    --trainer.max_steps 1 --trainer.enable_progress_bar false --trainer.log_every_n_steps 1 --optimizer.lr 0
""".split()


def test_smoothed_losses_are_the_formula_of_szegedy() -> None:
    torch.manual_seed(0)
    data = ReverseData()
    sizes = data.spec["num_classes"], data.spec["vocab_size"]
    model = EncoderDecoder("gru", *sizes, d_model=8, num_layers=1).eval()
    batch = next(iter(data.val_dataloader()))
    scores, losses, _ = score(model, batch, Loss(), smoothing=0.3)
    logs, targets = scores.log_softmax(-1), batch.targets[batch.mask]
    right = logs.gather(1, targets.unsqueeze(1)).squeeze(1)
    torch.testing.assert_close(losses, -(0.7 * right + 0.3 * logs.mean(-1)))
    torch.testing.assert_close(score(model, batch, Loss()).losses, -right)


def test_only_the_training_loss_is_smoothed(tmp_path: Path) -> None:
    """With weights that do not move, validation measures the same with smoothing and without."""
    rows = {}
    for smoothing in ("0", "0.4"):
        run = tmp_path / smoothing
        assert fit(run, "--model.label_smoothing", smoothing, base=STILL) == 0
        rows[smoothing] = {name: value for row in read_metrics(run) for name, value in row.items()}
    assert rows["0"]["val/loss"] == rows["0.4"]["val/loss"]
    assert rows["0"]["train/loss"] != pytest.approx(rows["0.4"]["train/loss"], abs=1e-3)
