"""The URL is the view state: what is written is read again, and nonsense counts as left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqtoolkit_dashboard.view import View

words = st.text(min_size=1, max_size=20)


@given(
    st.builds(
        View,
        q=words,
        run=st.lists(words, unique=True, max_size=5).map(tuple),
        metric=st.lists(words, unique=True, max_size=3).map(tuple),
        y=st.sampled_from(["linear", "log"]),
        smooth=st.integers(0, 99).map(lambda i: i / 100),
        text=words,
        layer=st.integers(0, 99),
        head=st.integers(0, 99),
        edit=words,
        other=words,
        other_checkpoint=words,
        row=st.integers(0, 99),
        beams=st.integers(0, 99),
        measure=words,
        protocol=st.lists(words, unique=True, max_size=3).map(tuple),
        axes=words,
        side=words,
        sample=st.integers(0, 10**12),
        unit=st.integers(0, 10**12),
    )
)
def test_every_view_survives_the_url(view: View) -> None:
    assert View.parse(view.search()) == view


def test_defaults_are_left_out() -> None:
    assert View().search() == ""
    assert View(run=("a b", "c&d")).search() == "?run=a%20b&run=c%26d"


@pytest.mark.parametrize(
    "search",
    [
        "?layer=x&head=&smooth=nan&y=cubic",
        "?smooth=-3",
        "?unknown=1",
        "?run=",
        None,
        "?" + "&run=" * 600,
        "?layer=1_",
    ],
)
def test_nonsense_counts_as_left_out(search: str | None) -> None:
    assert View.parse(search) == View()


def test_numbers_are_bounded() -> None:
    assert View.parse(f"?layer={'9' * 15}&head=-4&smooth=7") == View(layer=10**12, head=0, smooth=0.99)
    assert View.parse(f"?layer={'9' * 5000}") == View()


def test_controls_speak_the_same_language() -> None:
    assert View().updated({"run": ["a"], "layer": "2", "y": "log", "text": None}) == View(
        run=("a",), layer=2, y="log"
    )
