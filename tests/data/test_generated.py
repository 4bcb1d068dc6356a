"""Generated pairs: the same for a seed, right, of the promised sizes, and unseen where that is promised."""

from __future__ import annotations

import datetime
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.codec import Codec
from seqtoolkit.data.dates import DatesData
from seqtoolkit.data.pairing.base import PairData
from seqtoolkit.data.reverse import CODEC, ReverseData

SPLITS = ("train", "val", "test")


@pytest.fixture(scope="module", params=[ReverseData, DatesData])
def kind(request: pytest.FixtureRequest) -> type[PairData]:
    chosen: type[PairData] = request.param
    return chosen


def test_a_seed_says_all(kind: type[PairData]) -> None:
    one, two, other = kind(seed=1), kind(seed=1), kind(seed=2)
    for split in SPLITS:
        assert one.pairs(split) == two.pairs(split)
        assert one.pairs(split) != other.pairs(split)
    assert one.pairs("val")[:5] != one.pairs("test")[:5]


def test_evaluation_has_distinct_sources_and_spec_is_plain(kind: type[PairData]) -> None:
    data = kind()
    for split in SPLITS[1:]:
        assert len({pair.source for pair in data.pairs(split)}) == len(data.pairs(split)) == 1000
    assert json.loads(json.dumps(data.spec)) == data.spec
    assert Codec.from_dict(data.spec["codec"]) == data.codec
    assert data.codec.encode(data.codec.example)


def test_reversed_numbers() -> None:
    data = ReverseData()
    assert [len(data.pairs(split)) for split in SPLITS] == [50_000, 1_000, 1_000]
    for split, longest in zip(SPLITS, (25, 25, 30), strict=True):
        lengths = [len(pair.source.split()) for pair in data.pairs(split)]
        assert (min(lengths), max(lengths)) == (1, longest)
        assert sum(lengths) / len(lengths) == pytest.approx((1 + longest) / 2, abs=1.2)
        assert all(pair.source.split()[::-1] == pair.target.split() for pair in data.pairs(split))
    assert {symbol for pair in data.pairs("train") for symbol in pair.source.split()} == set(
        map(str, range(50))
    )
    assert data.spec["max_steps"] > 30
    assert CODEC.offset == 50


def test_a_reversed_number_comes_from_where_its_alignment_says() -> None:
    data = ReverseData()
    for split in SPLITS[1:]:
        gold = data.gold(split)
        assert set(gold) == set(range(1000))
        for number, source in enumerate(data.references(split).sources):
            read, answered = source.split(), data.references(split).answers[number][0].split()
            assert sorted(step for _, step in gold[number]) == list(range(len(answered)))
            assert all(read[place] == answered[step] for place, step in gold[number])


@settings(max_examples=10)
@given(st.integers(3, 12), st.integers(3, 12))
def test_lengths_can_be_chosen(trained: int, tested: int) -> None:
    data = ReverseData(max_length=trained, test_length=tested)
    assert max(len(pair.source.split()) for pair in data.pairs("val")) == trained
    assert max(len(pair.source.split()) for pair in data.pairs("test")) == tested


def test_too_few_sequences_are_refused() -> None:
    with pytest.raises(ValueError, match="use at least 3"):
        ReverseData(test_length=2)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has '50' '7a'; this model reads only 0 1 2 3"):
        ReverseData().encode("3 50 7a")


def test_days_of_the_test_are_in_no_other_split() -> None:
    data = DatesData()
    days = {split: {pair.target for pair in data.pairs(split)} for split in SPLITS}
    assert not days["train"] & days["val"] | days["train"] & days["test"] | days["val"] & days["test"]
    assert all("1950-01-01" <= day <= "2049-12-31" for part in days.values() for day in part)
    assert all(datetime.date.fromisoformat(day) for part in days.values() for day in part)


def test_a_written_date_is_one_day() -> None:
    data, known = DatesData(), dict[str, str]()
    for split in SPLITS:
        for pair in data.pairs(split):
            assert known.setdefault(pair.source, pair.target) == pair.target
            assert pair.target[:4] in pair.source  # the year


def test_locales_can_be_chosen() -> None:
    data = DatesData(locales=["de"])
    assert any("Dezember" in pair.source for pair in data.pairs("train"))
    assert not any("December" in pair.source for pair in data.pairs("train"))
    with pytest.raises(ValueError, match=r"babel does not know the locale 'xx'.*give one such as de"):
        DatesData(locales=["de", "xx"])
    with pytest.raises(ValueError, match="no locales"):
        DatesData(locales=[])


def test_babel_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "babel.dates", None)
    with pytest.raises(ValueError, match=r"needs babel.*pip install 'seqtoolkit\[dates\]'"):
        DatesData()
