"""Words and their pronunciations: the dictionary is whole, examples are its pairs, and errors count the nearest one."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data.base import prompts
from seqtoolkit.data.g2p import CODEC, MAX_PHONEMES, G2PData
from seqtoolkit.data.pairing import answers as answers_module
from seqtoolkit.data.pairing import cmudict
from seqtoolkit.data.pairing.cmudict import PHONEMES, pronunciations
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
