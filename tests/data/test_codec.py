"""Codecs: what is typed becomes tokens, what is answered becomes text, and what no task makes is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.codec import Codec
from seqtoolkit.data.base import prompts
from seqtoolkit.data.examples import Examples

SYMBOL = st.text(st.characters(blacklist_categories=["Z", "C"]), min_size=1, max_size=3)


def codec(**fields: Any) -> Codec:
    """Both sides have an a: the one that is read is token 0, the one that is answered is class 1."""
    values = {"symbols": ("a", "b", "?", "→", "a", "z", "■"), "alphabet": ("a", "b"), "example": "ab"}
    return Codec(**{**values, "separator": "→", "end": "■", "unknown": "?", **fields})  # type: ignore[arg-type]


def test_the_two_sides_do_not_meet() -> None:
    assert codec().encode("ab") == [0, 1, 3]
    assert (codec().offset, codec().end_class) == (3, 3)
    assert codec().classes == {"→": 0, "a": 1, "z": 2, "■": 3}
    assert codec().names([1, 2, 3]) == ["a", "z", "■"]


def test_what_was_never_seen_is_one_symbol_or_an_error() -> None:
    assert codec().encode("aéb日") == [0, 2, 1, 2, 3]
    with pytest.raises(ValueError, match=r"'aéb' has 'é'; this model reads only ab"):
        codec(unknown="").encode("aéb")


@pytest.mark.parametrize(("words", "text"), [(False, ""), (True, ""), (True, " \t ")])
def test_an_empty_prompt_is_refused(words: bool, text: str) -> None:
    with pytest.raises(ValueError, match="an empty input; type something such as 'ab'"):
        codec(words=words).encode(text)


@given(st.lists(SYMBOL, min_size=1, unique=True), st.data())
def test_words_survive_encoding_and_answers_decoding(names: list[str], data: st.DataObject) -> None:
    size = len(names)
    both = Codec(
        (*names, "\t", *names, "\n"), tuple(names), names[0], "\t", "\n", words=True, answer_words=True
    )
    said = data.draw(st.lists(st.integers(0, size - 1), min_size=1))
    text = " ".join(names[token] for token in said)
    assert both.encode(text) == [*said, size]
    assert both.text([token + 1 for token in said]) == text
    assert Codec.from_dict(json.loads(json.dumps(both.to_dict()))) == both


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbols": []}, "at least one symbol"),
        ({"symbols": "ab"}, "symbols is a list of texts"),
        ({"alphabet": [1]}, "alphabet is a list of texts"),
        ({"alphabet": ["q"]}, r"must be among its symbols; \['q'\] are not"),
        ({"alphabet": ["z"]}, "comes before a codec's separator"),
        ({"unknown": "z"}, "comes before a codec's separator"),
        ({"unknown": "U"}, r"\['U'\] are not"),
        ({"end": "z"}, "ends with its end mark"),
        ({"separator": "a"}, "has it once"),
        ({"end": 3}, "are texts"),
        ({"words": "no"}, "true or false"),
        ({"more": 1}, "a codec has the fields symbols, alphabet"),
    ],
)
def test_a_codec_that_no_task_makes_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Codec.from_dict({**codec().to_dict(), **change})


def language(**fields: Any) -> Codec:
    values = {"symbols": ("a", "b", "?"), "alphabet": ("a", "b"), "example": "ab", "unknown": "?"}
    return Codec(**{**values, **fields})  # type: ignore[arg-type]


def test_a_language_model_answers_everywhere_and_a_classifier_last() -> None:
    assert language().asked(language().encode("abc")) == [0, 1, 2]
    assert language().names([0, 2]) == ["a", "?"]
    labelled = language(labels=("good", "bad"), last=True)
    assert labelled.asked(labelled.encode("abc")) == [2]
    assert labelled.classes == {"good": 0, "bad": 1}
    assert labelled.text([1]) == "bad"
    query = language(query="b")
    assert query.asked(query.encode("abab")) == [1, 3]


def test_unknown_words_are_spelled_and_asked_at_their_end() -> None:
    spelled = language(symbols=("a", "b", "·a", "·c", "?"), words=True, spelled="·")
    assert spelled.encode("a cad b") == [0, 3, 2, 4, 1]  # a d was never seen
    assert spelled.asked(spelled.encode("a cad b")) == [0, 3, 4]
    assert Codec.from_dict(json.loads(json.dumps(spelled.to_dict()))) == spelled


def test_codecs_of_older_checkpoints_are_read_and_written_as_they_were() -> None:
    plain = codec().to_dict()
    assert set(plain) == {
        "symbols", "alphabet", "example", "separator", "end", "query", "unknown", "words", "answer_words",
    }  # fmt: skip
    assert Codec.from_dict(plain) == codec()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["x"], "separator": "?", "end": "?"}, "no separator and no query"),
        ({"last": True, "query": "a"}, "no separator and no query"),
        ({"labels": "xy"}, "labels is a list of texts"),
        ({"end": "?"}, "with an end mark has a separator"),
        ({"bytes": True}, "256 symbols, in their order"),
        ({"spelled": "·"}, "a codec that spells reads words"),
        ({"spelled": "a", "words": True}, "no word begins with the mark"),
        ({"last": 1}, "true or false"),
    ],
)
def test_answers_without_a_question_are_checked(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Codec.from_dict({**language().to_dict(), **change})


TOKENS = st.lists(st.integers(0, 0xE000), min_size=1, max_size=9)  # over the surrogates of UTF-16


@given(st.lists(st.tuples(TOKENS, TOKENS), min_size=1, max_size=9), st.sampled_from([0, 1, 200, 40_000]))
def test_examples_keep_every_token_and_class(pairs: list[tuple[list[int], list[int]]], offset: int) -> None:
    texts = [("".join(map(chr, prompt)), "".join(map(chr, answer))) for prompt, answer in pairs]
    examples = Examples.of_answers(*map(list, zip(*texts, strict=True)), offset)  # type: ignore[arg-type]
    batch = examples.collate(torch.arange(len(pairs)))
    assert prompts(batch) == [prompt for prompt, _ in pairs]
    for row, (prompt, answer) in enumerate(pairs):
        length = len(prompt) + len(answer) - 1
        fed_back = [number + offset for number in answer[:-1]]
        assert batch.inputs[row, :length].tolist() == prompt + fed_back
        assert batch.targets[row, batch.mask[row]].tolist() == answer
        assert batch.targets[row, ~batch.mask[row]].count_nonzero() == 0
        assert int(batch.lengths[row]) == length
    largest = max(
        number for prompt, answer in pairs for number in [*prompt, *(n + offset for n in answer[:-1])]
    )
    kinds = {torch.uint8: 255, torch.int16: 32_767, torch.int32: 2**31}
    assert examples.inputs.dtype == next(kind for kind, most in kinds.items() if largest <= most)
