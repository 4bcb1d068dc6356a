"""G2P: exact splits, examples as they should be, and error rates against the nearest pronunciation."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data.base import prompts
from seqtoolkit.data.g2p import CODEC, MAX_PHONEMES, G2PData
from seqtoolkit.data.pairing import answers as answers_module
from seqtoolkit.data.pairing import cmudict
from seqtoolkit.data.pairing.cmudict import PHONEMES, pronunciations
from seqtoolkit.data.pairing.splits import split_words
from seqtoolkit.data.pairing.stems import stem
from seqtoolkit.decoding import Hypothesis

MODEL: Any = None  # metrics are tested with a faked decoder


def test_the_dictionary_is_complete() -> None:
    words = pronunciations()
    assert len(words) == 126_052
    assert words["cat"] == ["K AE T"]
    assert words["aalborg"] == ["AO L B AO R G", "AA L B AO R G"]  # its comments are not phonemes
    assert words["read"] == ["R EH D", "R IY D"]
    assert set("".join(words)) <= set(CODEC.alphabet)
    assert {phoneme for texts in words.values() for text in texts for phoneme in text.split()} == set(
        PHONEMES
    )
    assert all(len(set(texts)) == len(texts) for texts in words.values())
    assert max(len(text.split()) for texts in words.values() for text in texts) < MAX_PHONEMES


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:99] + b"\0" + data[100:]])
def test_a_damaged_dictionary_is_refused(tmp_path: Path, damage: Any) -> None:
    (tmp_path / "cmudict.dict.xz").write_bytes(damage(cmudict.FILE.read_bytes()))
    with pytest.raises(ValueError, match=r"cmudict.dict.xz is damaged: its sha256 is .*reinstall"):
        cmudict._read(tmp_path / "cmudict.dict.xz")


def test_licence_and_data_are_installed() -> None:
    assert "Carnegie Mellon University" in cmudict.FILE.with_name("cmudict.LICENSE").read_text()


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


def spelled(batch: Batch, row: int) -> str:
    length = int(batch.lengths[row])
    tokens = [*batch.inputs[row, :length].tolist(), int(batch.targets[row, length - 1]) + CODEC.offset]
    asked = batch.mask[row, :length].tolist()
    assert asked == [False] * tokens.index(CODEC.offset) + [True] * sum(asked)
    assert batch.targets[row, :length].tolist() == [
        (token - CODEC.offset) * supervised for token, supervised in zip(tokens[1:], asked, strict=True)
    ]
    return " ".join(CODEC.decode(tokens))


def spelling(word: str, text: str) -> str:
    return f"{' '.join(word)} → {text} ■"


def test_validation_examples_are_first_pronunciations() -> None:
    data = G2PData()
    for batch in data.val_dataloader():
        assert batch.index is not None
        assert prompts(batch) == [
            CODEC.encode(data.vocabulary.val[example]) for example in batch.index.tolist()
        ]
        for row, example in enumerate(batch.index.tolist()):
            word = data.vocabulary.val[example]
            assert spelled(batch, row) == spelling(word, pronunciations()[word][0])


@pytest.mark.parametrize("first_only", [False, True])
def test_training_examples_are_the_pronunciations_of_training_words(first_only: bool) -> None:
    data = G2PData(first_only=first_only)
    examples = data.train_dataloader().examples
    texts = [pronunciations()[word] for word in data.vocabulary.train]
    assert len(examples) == (len(texts) if first_only else sum(map(len, texts)))
    batch = examples.collate(torch.arange(2000))
    words = [
        spelling(word, text)
        for word, texts in zip(data.vocabulary.train, texts, strict=True)
        for text in texts[: 1 if first_only else None]
    ]
    assert [spelled(batch, row) for row in range(2000)] == words[:2000]


def test_making_the_data_is_quick() -> None:
    pronunciations.cache_clear()
    start = time.process_time()
    data = G2PData()
    assert data.vocabulary
    assert time.process_time() - start < 1.5


def test_spec_is_plain_and_complete() -> None:
    spec = G2PData(split="stem").spec
    assert json.loads(json.dumps(spec)) == spec
    assert Codec.from_dict(spec["codec"]) == CODEC
    assert (spec["task"], spec["vocab_size"], spec["num_classes"]) == ("g2p", 70, 41)
    assert CODEC.decode(CODEC.encode(CODEC.example)) == [*CODEC.example, "→"]


def test_error_rates_count_the_nearest_pronunciation(monkeypatch: pytest.MonkeyPatch) -> None:
    data = G2PData()
    metric = data.metrics("val")["answers"]
    words = [word for word in data.vocabulary.val if len(pronunciations()[word]) == 2][:4]
    batch = data.val_dataloader().examples.collate(torch.tensor(list(map(data.vocabulary.val.index, words))))
    known = [pronunciations()[word] for word in words]
    said = [known[0][0], known[1][1], f"{known[2][1]} ZH", ""]
    answers = [[CODEC.classes[phoneme] for phoneme in text.split()] for text in said]

    def fake(
        model: Any, asked: list[list[int]], end: int, max_steps: int, offset: int, *_: Any
    ) -> list[list[Hypothesis]]:
        assert asked == [CODEC.encode(word) for word in words]
        assert (CODEC.symbols[end + offset], max_steps) == ("■", MAX_PHONEMES)
        return [[Hypothesis(tokens, 0.0, 0.0, True)] for tokens in answers]

    monkeypatch.setattr(answers_module, "answer", fake)
    metric.update(MODEL, batch, torch.empty(0))
    lengths = [[len(text.split()) for text in texts] for texts in known]
    values = metric.compute()
    assert values["wer"] == 2 / 4
    phonemes = lengths[0][0] + lengths[1][1] + lengths[2][1] + min(lengths[3])
    assert values["per"] == pytest.approx((1 + min(lengths[3])) / phonemes)


def test_token_accuracy_counts_supervised_positions() -> None:
    data = G2PData()
    batch = data.val_dataloader().examples.collate(torch.tensor([0, 1, 2]))
    targets = batch.targets[batch.mask]
    scores = torch.nn.functional.one_hot((targets + (torch.arange(len(targets)) < 3)) % 41, 41).float()
    metric = data.metrics("val")["tokens"]
    metric.update(MODEL, batch, scores)
    assert metric.compute()["token_accuracy"] == pytest.approx(1 - 3 / len(targets))
