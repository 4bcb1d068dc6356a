"""Every protocol reads the same on a GPU as on the processor; skipped without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from seqtoolkit import SequenceModel
from seqtoolkit.data.recall import RecallData
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.view import View, view
from seqtoolkit.retention_protocols import find_protocol

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
ARCHITECTURES = ["rnn", "lstm", "gru", "attention"]
LAGS = [1, 2, 5, 9]


def models(arch: str) -> list[tuple[Any, Any]]:
    torch.manual_seed(0)
    sizes = {"d_model": 16, "num_layers": 2}
    pair = EncoderDecoder(arch, 5, 11, attention="dot", bidirectional=False, **sizes)  # type: ignore[arg-type]
    return [
        (SequenceModel(arch, 7, vocab_size=7, **sizes), None),
        (SequenceModel(arch, 7, num_features=3, **sizes), None),
        (pair, "encoder"),
        (pair, "decoder"),
    ]


def close(ours: Record, theirs: Record) -> None:
    np.testing.assert_allclose(ours.estimate, theirs.estimate, rtol=1e-2, atol=2e-3)
    assert ours.lags == theirs.lags
    assert ours.n == theirs.n


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("protocol", ["decoding", "gradient", "influence", "timescale"])
def test_a_gpu_reads_the_same(arch: str, protocol: str) -> None:
    if protocol == "timescale" and arch in ("rnn", "attention"):
        pytest.skip("no retention factors")
    for model, part in models(arch):
        measure = find_protocol(protocol)
        inputs = drive(view(model, part), 160, 24, 0)
        slow = measure(view(model, part), inputs, LAGS)
        training = [module.training for module in model.modules()]
        fast = measure(view(model.cuda(), part), inputs.cuda(), LAGS)
        assert [module.training for module in model.modules()] == training
        for ours, theirs in zip(fast, slow, strict=True):
            close(ours, theirs)
        model.cpu()


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_gpu_answers_the_same(arch: str) -> None:
    data = RecallData(num_symbols=4, max_lag=8, length=24, test_per_lag=20, train_sequences=4)
    batches, lags = list(data.test_dataloader()), data.metrics("test")["recall"].lags  # type: ignore[attr-defined]
    torch.manual_seed(0)
    model = SequenceModel(arch, data.spec["num_classes"], vocab_size=data.spec["vocab_size"], d_model=16)

    def measured(seen: View) -> list[Record]:
        recall, truncation = find_protocol("recall"), find_protocol("truncation")
        return [
            *recall(seen, batches, lags, chance=0.25, settings={"max_lag": 8}),
            *truncation(seen, batches, [1, 2, 4, 8]),
        ]

    slow = measured(view(model))
    for ours, theirs in zip(measured(view(model.cuda())), slow, strict=True):
        close(ours, theirs)
