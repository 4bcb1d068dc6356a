"""Symbols of pairs: rare ones are unknown, and marks have names of their own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.codec import Codec
from seqtoolkit.data.pairing.symbols import UNKNOWN, Side, pair_codec


def test_rare_symbols_are_unknown() -> None:
    side = Side.of("words")
    texts = ["b a", "b c", f"a b d {UNKNOWN}"]
    assert side.vocabulary(texts, 1, None) == ("a", "b", "c", "d")
    assert side.vocabulary(texts, 2, None) == ("a", "b")
    assert side.vocabulary(texts, 1, 1) == ("b",)
    assert side.vocabulary(texts, 1, 3) == ("a", "b", "c")


@given(st.sets(st.sampled_from("→■ab" + UNKNOWN)), st.sets(st.sampled_from("→■xy")))
def test_marks_have_names_of_their_own(sources: set[str], targets: set[str]) -> None:
    codec = pair_codec(tuple(sources - {UNKNOWN}), tuple(targets), "a", (False, False))
    assert Codec.from_dict(codec.to_dict()) == codec
    assert codec.end_class == len(codec.classes) - 1
