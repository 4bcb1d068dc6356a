"""Parts of the alignment measure: replacements are other symbols; correlations, entropy, gold shares equal loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.data.pairing.alignment_measure import entropies, gold_shares
from seqtoolkit.retention import faithfulness as faithful
from seqtoolkit.retention.faithfulness import Replacements
from seqtoolkit.retention.rank_correlation import row_correlations, row_ranks, spearman
from tests.data.alignment_sizes import SOURCES, SYMBOLS


@given(st.integers(0, 90), st.integers(0, 99))
def test_replacements_are_other_symbols_at_places_in_the_source(source: int, seed: int) -> None:
    tokens = torch.from_numpy(np.random.default_rng(seed).integers(0, SOURCES, source + 20))
    drawn = Replacements.draw(tokens, source, SYMBOLS, [seed])
    if source < 3:
        assert drawn is None
        return
    assert drawn is not None
    again = Replacements.draw(tokens, source, SYMBOLS, [seed])
    assert again is not None
    assert torch.equal(drawn.symbols, again.symbols)
    assert len(drawn.positions) == min(source, faithful.POSITIONS)
    assert drawn.positions.unique().equal(drawn.positions)
    assert int(drawn.positions.max()) < source
    assert not (drawn.symbols == tokens[drawn.positions].unsqueeze(1)).any()
    orders = np.sort(drawn.shuffles, axis=1)
    assert (orders == np.arange(len(drawn.positions))).all()
    assert len(orders) == faithful.SHUFFLES


def test_long_sequences_get_fewer_draws_and_one_symbol_has_no_other() -> None:
    tokens = torch.zeros(700, dtype=torch.long)
    drawn = Replacements.draw(tokens, 600, SYMBOLS, [0])
    assert drawn is not None
    assert drawn.symbols.shape == (64, 1)
    assert Replacements.draw(tokens, 600, {0: 9}, [0]) is None


ROWS = st.lists(st.lists(st.integers(0, 4), min_size=5, max_size=5), min_size=1, max_size=6)


@given(ROWS, st.data())
def test_row_correlations_are_those_of_each_row(rows: list[list[int]], data: st.DataObject) -> None:
    one = np.array(rows, dtype=float)
    other = np.array(
        data.draw(
            st.lists(
                st.lists(st.integers(0, 4), min_size=5, max_size=5), min_size=len(rows), max_size=len(rows)
            )
        )
    )
    expected = [spearman(a, b) for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(row_correlations(row_ranks(one), row_ranks(other)), expected, atol=1e-12)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 5)), min_size=1, max_size=4), st.integers(0, 99))
def test_entropy_and_gold_share_equal_loops(sizes: list[tuple[int, int]], seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    most = [max(part) for part in zip(*sizes, strict=True)]
    weights, gold = torch.zeros(len(sizes), 2, *most), torch.zeros(len(sizes), *most, dtype=torch.bool)
    for row, (steps, source) in enumerate(sizes):
        weights[row, :, :steps, :source] = torch.rand(2, steps, source, generator=random).softmax(-1)
        gold[row, :steps, :source] = torch.rand(steps, source, generator=random) < 0.3
    found = entropies(weights, torch.tensor([steps for steps, _ in sizes]))
    shares, marked = gold_shares(weights, gold)
    for row, (steps, source) in enumerate(sizes):
        for head in range(2):
            rows = weights[row, head, :steps, :source].tolist()
            entropy = [-sum(w * math.log(w) for w in one) for one in rows]
            assert found[row, head] == pytest.approx(sum(entropy) / steps, abs=1e-5)
            inside = [
                sum(w for w, mark in zip(one, marks, strict=True) if mark)
                for one, marks in zip(rows, gold[row, :steps, :source].tolist(), strict=True)
                if any(marks)
            ]
            expected = sum(inside) / len(inside) if inside else float("nan")
            assert shares[row, head] == pytest.approx(expected, abs=1e-5, nan_ok=True)
        if gold[row].any():
            assert marked[row] == pytest.approx(int(gold[row].sum()) / int(gold[row].any(-1).sum()))
