"""The splits of the dictionary are the same for ever, and the one by stems parts no family of words."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.data.g2p import CODEC, G2PData
from seqtoolkit.data.pairing.cmudict import pronunciations
from seqtoolkit.data.pairing.splits import split_words
from seqtoolkit.data.pairing.stems import stem


def test_the_hash_split_is_exact() -> None:
    split = G2PData().vocabulary
    assert [len(part) for part in split] == [112_052, 2_000, 12_000]
    assert set(itertools.chain(*split)) == set(pronunciations())
    digests = [hashlib.sha256(" ".join(sorted(part)).encode()).hexdigest()[:8] for part in split]
    assert digests == ["7f5e1e37", "1f03d43c", "313af06b"]  # for ever: published results depend on them


def test_the_split_does_not_depend_on_order_or_process() -> None:
    words = list(pronunciations())
    assert split_words(reversed(words)) == split_words(words)
    script = """if True:
        import json
        from seqtoolkit.data.pairing import cmudict
        from seqtoolkit.data.pairing import splits
        from seqtoolkit.data.pairing import stems
        print(json.dumps(splits.split_words(cmudict.pronunciations(), stems.stem).val))
    """
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert json.loads(run.stdout) == G2PData(split="stem").vocabulary.val


def test_the_stem_split_parts_no_family() -> None:
    split = G2PData(split="stem").vocabulary
    assert len(split.test) == pytest.approx(12_000, abs=60)
    assert len(split.val) == pytest.approx(2_000, abs=60)
    assert sum(map(len, split)) == len(pronunciations())
    families = [{stem(word) for word in part} for part in split]
    assert all(not one & two for one, two in itertools.combinations(families, 2))
    assert not all({stem(word) for word in part} <= families[0] for part in G2PData().vocabulary[1:])


INFLECTIONS = [
    "'s",
    "s",
    "es",
    "ed",
    "ing",
    "ings",
    "er",
    "ers",
    "est",
    "ly",
    "ness",
    "ful",
    "less",
    "able",
    "ment",
]
DERIVATIONS = [
    "ation",
    "ations",
    "ion",
    "ize",
    "ized",
    "izing",
    "ism",
    "ist",
    "ity",
    "ities",
    "al",
    "ous",
    "ic",
    "ship",
]


def forms(word: str) -> Iterator[str]:
    """Spell what English makes of a word: hope, hopes, hoping; lady, ladies."""
    for ending in INFLECTIONS + DERIVATIONS:
        yield word + ending
        if word[-1] == "e" and ending[0] in "aeiou":
            yield word[:-1] + ending
        if word[-1] == "y" and ending[0] in "enflm":
            yield word[:-1] + "i" + ending


def test_regular_forms_in_the_dictionary_stay_in_their_family() -> None:
    words = pronunciations()
    long = [word for word in words if len(word) >= 4 and word.isalpha() and word[-1] != "s"]
    pairs = [(word, form) for word in long for form in forms(word) if form in words]
    assert len(pairs) > 40_000
    parted = {(stem(word), stem(form)) for word, form in pairs if stem(word) != stem(form)}
    assert len(parted) < len(pairs) / 5000, parted  # Bengali, chili, and a few names like them


@pytest.mark.parametrize("family", ["hop hopped hopping", "run runner's", "glass glasses", "occur occurring"])
def test_doubled_letters_stay_in_their_family(family: str) -> None:
    assert len({stem(word) for word in family.split()}) == 1


def test_strangers_and_short_words_keep_their_own() -> None:
    assert (
        len(set(map(stem, ["sing", "string", "bus", "king", "red", "bed", "is", "as", "'s", "a", "-"]))) == 11
    )


@given(st.text("".join(CODEC.alphabet), max_size=20))
def test_a_stem_is_never_longer_than_its_word(word: str) -> None:
    assert len(stem(word)) <= len(word)
    assert word.startswith(stem(word))
