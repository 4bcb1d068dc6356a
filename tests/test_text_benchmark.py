"""The n-gram that language models are compared with: a true distribution, and by hand where that is small."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqtoolkit.model import SequenceModel

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def ngram(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("ngram")


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_chances_of_all_symbols_sum_to_one(ngram: Any, order: int) -> None:
    """After contexts that training has, and after others."""
    random = np.random.default_rng(order)
    train, context = random.integers(0, 4, 300) ** 2 % 7, random.integers(0, 7, 6)
    chances = [
        2 ** ngram.log2_probabilities(train, np.append(context, symbol), order, 7)[-1] for symbol in range(7)
    ]
    assert sum(chances) == pytest.approx(1)
    assert min(chances) > 0


def test_a_bigram_by_hand(ngram: Any) -> None:
    """Of 0 1 0 1 0 2: bigrams 01 x 2, 10 x 2, 02 x 1; 1 follows 0 twice of three times."""
    train = np.array([0, 1, 0, 1, 0, 2])
    discount = (1 + 1) / (1 + 2 * 2 + 2)
    # Each symbol occurs after one other one: the unigrams' counts of contexts are all 1.
    lower = (3 + 1) / (3 + 2 * 0 + 2)
    unigram = (1 - lower) / 3 + lower * 3 / 3 * (1 / 3)
    expected = (2 - discount) / 3 + discount * 2 / 3 * unigram
    found = 2 ** ngram.log2_probabilities(train, np.array([0, 1]), 2, 3)[0]
    assert found == pytest.approx(expected)


def test_what_repeats_is_known_and_what_is_random_is_not(ngram: Any) -> None:
    again = np.tile(np.arange(5), 200)
    assert -ngram.log2_probabilities(again, again, 3, 5).mean() < 0.05
    random = np.random.default_rng(0).integers(0, 4, 40_000)
    assert -ngram.log2_probabilities(random, random[:999], 1, 4).mean() == pytest.approx(2, abs=0.05)
    with pytest.raises(
        ValueError, match=r"100 symbols in n-grams of 10 do not fit 64 bits; use a lower order"
    ):
        ngram.log2_probabilities(random, random, 10, 100)


@pytest.mark.parametrize("every", [1, 7, 10, 999])
def test_an_n_gram_that_goes_on_counting_knows_what_it_has_read_and_no_more(ngram: Any, every: int) -> None:
    random = np.random.default_rng(0)
    train, text = random.integers(0, 4, 50), random.integers(0, 4, 31)
    found = ngram.dynamic_log2_probabilities(train, text, 3, 4, every)
    assert found.shape == (30,)
    for step in range(1, 31):
        counted = 1 + (step - 1) // every * every
        known = np.concatenate([train, text[:counted]])
        assert found[step - 1] == ngram.log2_probabilities(known, text[: step + 1], 3, 4)[-1]


def test_names_of_speakers_are_lines_of_their_own_and_their_bits_are_the_losses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    speakers = importlib.import_module("speakers")
    text = "\nVIOLA.\nWho governs here? I.\n\nFIRST LORD.\nA DUKE. In nature\n"
    found = speakers.named(text)
    assert "".join(c for c, named in zip(text, found, strict=True) if named) == "VIOLA.FIRST LORD."
    torch.manual_seed(0)
    model = SequenceModel("gru", 5, 5, d_model=8, num_layers=1).eval()
    symbols = torch.randint(5, (40,), dtype=torch.uint8)
    whole = torch.nn.functional.cross_entropy(
        model(symbols[None, :-1].long())[0][0], symbols[1:].long(), reduction="none"
    )
    monkeypatch.setattr(speakers, "STEPS", 7)
    np.testing.assert_allclose(speakers.bits(model, symbols), whole.detach() / np.log(2), rtol=1e-5)
    slow = speakers.dynamic_bits(model, symbols, 1e-12)
    np.testing.assert_allclose(slow, speakers.bits(model, symbols), rtol=1e-4)
