"""What two sides of a benchmark do is the same work."""

import argparse
import importlib
import math

import pytest


def test_fit_and_the_loop_written_by_hand_do_the_same_work() -> None:
    throughput = importlib.import_module("throughput")
    by_hand, by_fit = throughput.by_hand("rnn", 20), throughput.by_fit("rnn", 20, bar=True)
    assert by_fit.loss == pytest.approx(by_hand.loss, rel=1e-4)


@pytest.mark.parametrize("arch", ["lstm", "attention"])
def test_carried_state_and_re_reading_give_the_same_words(arch: str) -> None:
    measured = importlib.import_module("decoding").measure(arch, 100)
    assert measured.same == 1
    assert measured.seconds > 0


def test_the_loop_over_lags_reads_the_same_gradient() -> None:
    retention = importlib.import_module("retention")
    options = argparse.Namespace(lags=6, steps=16, sequences=60, width=8)
    subject = retention.build(options)
    inputs = subject.inputs[:30]
    (record,) = retention.gradient(subject.view, inputs, [3], vectors=8)  # as many as features: exact
    squares = [sum(retention.backwards(subject.view, row, 3, vectors=60)) / 60 for row in inputs.split(1)]
    logs = [math.log10(square) / 2 for square in squares]
    assert sum(logs) / 30 == pytest.approx(record.estimate[0], abs=0.05)
    assert all(weight.requires_grad for weight in subject.view.model.parameters())
