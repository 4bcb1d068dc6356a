"""The labelled sequences that are shipped are those of their authors."""

from __future__ import annotations

from seqtoolkit.data.digits import DigitsData, digits
from seqtoolkit.data.vowels import VowelsData, vowels


def test_japanese_vowels_are_those_of_the_authors() -> None:
    train, test = vowels("train"), vowels("test")
    assert (len(train), len(test), len(train.channels)) == (270, 370, 12)
    assert (train.lengths.min(), train.lengths.max()) == (7, 26)
    assert (test.lengths.min(), test.lengths.max()) == (7, 29)
    assert isinstance(train.labels, tuple)
    assert isinstance(test.labels, tuple)
    assert [train.labels.count(name) for name in train.classes] == [30] * 9
    assert [test.labels.count(name) for name in test.classes] == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    data = VowelsData()
    assert [len(data.sequences(split)) for split in ("train", "val", "test")] == [216, 54, 370]


def test_digits_are_those_of_scikit_learn() -> None:
    every = digits()
    assert every.pixels.shape == (1797, 8, 8, 1)
    assert (every.pixels.min(), every.pixels.max()) == (0, 16)
    assert every.labels is not None
    assert every.labels[:10] == tuple("0123456789")
    assert every.pixels[0, 0, :, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    data = DigitsData(read="pixels")
    assert [len(data.sequences(split)) for split in ("train", "val", "test")] == [719, 179, 899]
    assert data.spec["num_features"] == 1
