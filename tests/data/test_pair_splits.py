"""Pairs stay in their split whatever other pairs there are, and each split has its share."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.data.pairing.pair import Pair
from seqtoolkit.data.pairs import divide

TEXTS = st.text("abc", min_size=1, max_size=3)


@given(st.lists(TEXTS, max_size=30), st.lists(TEXTS, max_size=30))
def test_no_other_pair_moves_a_source(sources: list[str], others: list[str]) -> None:
    shares = (0.5, 0.2, 0.3)
    one = divide([Pair(source, "x") for source in sources], shares)
    two = divide([Pair(source, "y") for source in [*others, *sources]], shares)
    for split, pairs in one.items():
        assert {pair.source for pair in pairs} <= {pair.source for pair in two[split]}
    for first, second in itertools.combinations(two.values(), 2):
        assert not {pair.source for pair in first} & {pair.source for pair in second}
    assert sum(map(len, two.values())) == len(sources) + len(others)


def test_the_split_is_the_same_for_ever_and_has_its_shares() -> None:
    parts = divide([Pair(str(number), "x") for number in range(10_000)], (8, 1, 1))
    assert [len(part) for part in parts.values()] == [7948, 1034, 1018]
    assert [part[0].source for part in parts.values()] == ["0", "8", "9"]
