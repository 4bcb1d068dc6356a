"""Words with tags: both formats, what is refused with its line, spelling, and what is measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from seqtoolkit.codec import Codec
from seqtoolkit.data.tagged import TaggedData
from seqtoolkit.data.texts.conll import Places, read_conll
from seqtoolkit.evaluation import Evaluation
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.quality import Confusion, Example, Quality

NOUNS = ("cat", "dog", "bird", "fish")
SENTENCES = [
    [("the", "DT"), (NOUNS[number % 4], "NN"), ("ran", "VB"), (f"{number}", "CD")][: 2 + number % 3]
    for number in range(80)
]


def conll(sentences: list[list[tuple[str, str]]]) -> str:
    return "\n".join("".join(f"{word} _ {tag}\n" for word, tag in each) for each in sentences)


def write(folder: Path, data: str | bytes, name: str = "a.conll") -> str:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def read(path: str, **options: Any) -> list[list[tuple[str, str]]]:
    places = Places.of(path, options.pop("word", None), options.pop("tag", None))
    sentences, sha256 = read_conll(path, places, lambda sentence: None, **options)
    assert len(sha256) == 64
    return [list(zip(each.words, each.tags, strict=True)) for each in sentences]


def test_files_as_people_have_them(tmp_path: Path) -> None:
    assert read(write(tmp_path, conll(SENTENCES))) == SENTENCES
    assert (
        read(write(tmp_path, b"\xef\xbb\xbf" + conll(SENTENCES).replace("\n", "\r\n").encode())) == SENTENCES
    )
    assert read(write(tmp_path, conll(SENTENCES).rstrip("\n"))) == SENTENCES
    documents = "-DOCSTART- -X- O\n\n" + conll(SENTENCES[:2]) + "\n\n\n-DOCSTART- O\n" + conll(SENTENCES[2:])
    assert read(write(tmp_path, documents)) == SENTENCES
    assert read(write(tmp_path, "DT the\nNN cat\n"), word=-1, tag=1) == [[("the", "DT"), ("cat", "NN")]]
    assert read(write(tmp_path, "# NN\n$ CD\n")) == [[("#", "NN"), ("$", "CD")]]  # only CoNLL-U has comments


def test_conllu(tmp_path: Path) -> None:
    """Of "vámonos al mar" (Universal Dependencies' own example): ranges and empty words have no tag."""
    lines = [
        "# text = vámonos al mar",
        "1-2\tvámonos" + "\t_" * 8,
        "1\tvamos\tir\tVERB" + "\t_" * 6,
        "2\tnos\tnosotros\tPRON" + "\t_" * 6,
        "2.1\tya" + "\t_" * 8,
        "3-4\tal" + "\t_" * 8,
        "3\ta\ta\tADP" + "\t_" * 6,
        "4\tel\tel\tDET" + "\t_" * 6,
        "5\tNew York\tmar\tNOUN" + "\t_" * 6,
    ]
    path = write(tmp_path, "\n".join(lines) + "\n\n", "a.conllu")
    tags = [
        ("vamos", "VERB"),
        ("nos", "PRON"),
        ("a", "ADP"),
        ("el", "DET"),
        ("New\N{NO-BREAK SPACE}York", "NOUN"),
    ]
    assert read(path) == [tags]
    assert read(path, tag=3)[0][0] == ("vamos", "ir")
    with pytest.raises(ValueError, match=r"a.conllu, line 3: no tag, 'vamos' has _; choose another column"):
        read(path, tag=5)
    with pytest.raises(ValueError, match=r"line 1: not 10 columns between tabs, which CoNLL-U has, but 1"):
        read(write(tmp_path, "the DT\n", "b.conllu"))


BAD = [
    (b"", r"a.conll has no sentences; expected a CoNLL file"),
    (b"\xef\xbb\xbf\r\n\r\n", r"a.conll has no sentences"),
    (b"the DT\n\nna\xefve JJ\n", r"a.conll, line 3: not UTF-8 .*save it as UTF-8"),
    (b"the DT\ncat\n", r"a.conll, line 2: fewer than 2 columns, 'cat'; .*--data.word and --data.tag"),
    (b"the DT\n" + b"x" * (10 << 20) + b" NN\n", r"a.conll, line 2: longer than 1,048,576 bytes"),
]


@pytest.mark.parametrize(("data", "message"), BAD)
def test_bad_files_are_refused_with_the_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(write(tmp_path, data))


def test_a_bad_line_leaves_its_whole_sentence_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, b"a DT\nb NN\n\nthe DT\ncat\nran VB\n\nc NN\n")
    assert read(path, on_bad_line="skip") == [[("a", "DT"), ("b", "NN")], [("c", "NN")]]
    assert "a.conll: 1 of 8 lines skipped: 1 fewer than 2 columns (first: line 5)" in capsys.readouterr().err


def build(folder: Path, sentences: list[list[tuple[str, str]]] = SENTENCES, **options: Any) -> TaggedData:
    return TaggedData(write(folder, conll(sentences)), **options)


def test_each_word_is_asked_when_it_was_read_and_unknown_ones_are_spelled(tmp_path: Path) -> None:
    data = build(tmp_path)
    codec = data.codec
    assert codec == Codec.from_dict(json.loads(json.dumps(codec.to_dict())))
    assert codec.labels == ("CD", "DT", "NN", "VB")
    assert codec.decode(codec.encode("the ran 2é")) == ["the", "ran", "·2", "\N{REPLACEMENT CHARACTER}"]
    for split in ("train", "val", "test"):
        loader = data.train_dataloader() if split == "train" else getattr(data, f"{split}_dataloader")()
        for batch in loader:
            assert batch.index is not None
            for row, number in enumerate(batch.index.tolist()):
                sentence = data.items(split)[number]
                tokens = batch.inputs[row, : batch.lengths[row]].tolist()
                assert tokens == codec.encode(sentence.text)
                assert codec.asked(tokens) == batch.mask[row].nonzero().flatten().tolist()
                assert codec.names(batch.targets[row, batch.mask[row]].tolist()) == sentence.tags


def test_the_mark_of_spelling_begins_no_word(tmp_path: Path) -> None:
    codec = build(tmp_path, [*SENTENCES, [("·x", "NN"), ("··", "NN")], [("·x", "NN"), ("··", "NN")]]).codec
    assert codec.spelled == "···"
    assert codec.asked(codec.encode("·x q2 ···")) == [0, 2, 6]


def test_tags_that_cannot_be_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        ValueError, match=r"every training example has the tag 'X'.*expected at least two tags"
    ):
        build(tmp_path, [[(word, "X") for word, _ in each] for each in SENTENCES])
    train, val = write(tmp_path, conll(SENTENCES)), write(tmp_path, "the DT\n\nof IN\n", "v.conll")
    with pytest.raises(
        ValueError, match=r"v.conll, line 3: a tag that training does not have, 'IN'; it has 'CD'"
    ):
        TaggedData(train=train, val=val)
    assert len(TaggedData(train=train, val=val, on_bad_line="skip").items("val")) == 1
    assert "1 a tag that training does not have" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"line 1: a sentence of more than 1 words, 2 of them; end it with"):
        build(tmp_path, max_length=1)
    with pytest.raises(ValueError, match=r"tag is column 0; expected 1 or more, or -1"):
        build(tmp_path, tag=0)
    with pytest.raises(ValueError, match=r"no sentences: give --data.file"):
        TaggedData()
    with pytest.raises(ValueError, match=r"nothing to predict: give --data.inputs FILE"):
        build(tmp_path).predict_dataloader()


def test_words_are_counted_beside_both_baselines(tmp_path: Path) -> None:
    torch.manual_seed(0)
    data = build(tmp_path)
    model = SequenceModel("gru", 4, len(data.codec.symbols), d_model=8).eval()
    evaluation = Evaluation(data.metrics("val"), Loss())
    for batch in data.val_dataloader():
        evaluation.update(model, batch)
    values = evaluation.conclude()
    right, usual, words = [], [], []
    for sentence in data.items("val"):
        tokens = data.codec.encode(sentence.text)
        with torch.no_grad():
            answers = model(torch.tensor([tokens]))[0][0, data.codec.asked(tokens)].argmax(-1).tolist()
        right += [name == tag for name, tag in zip(data.codec.names(answers), sentence.tags, strict=True)]
        usual += [tag == "DT" for tag in sentence.tags]  # one in each sentence, as NN, and the first of both
        words += sentence.words
    assert float(values["accuracy"]) == pytest.approx(sum(right) / len(right))
    assert float(values["majority_accuracy"]) == pytest.approx(sum(usual) / len(usual))
    unseen = len(set(words) & {str(number) for number in range(80)})
    assert float(values["word_tag_accuracy"]) == pytest.approx(1 - unseen / len(words))
    quality, confusion, *worst = evaluation.records
    assert isinstance(quality, Quality)
    assert isinstance(confusion, Confusion)
    assert quality.estimate == pytest.approx(sum(right) / len(right))
    assert quality.baseline_estimate == pytest.approx(sum(usual) / len(usual))
    assert sum(map(sum, confusion.counts)) == len(words)
    assert sum(row[place] for place, row in enumerate(confusion.counts)) == sum(right)
    assert 0 < len(worst) <= 8
    wrong = []
    for one in worst:
        assert isinstance(one, Example)
        assert Example.from_dict(one.to_dict()) == one
        sentence, tokens = data.items("val")[one.index], data.codec.encode(one.text)
        assert (one.text, one.truth) == (sentence.text, " ".join(sentence.tags))
        with torch.no_grad():
            scores = model(torch.tensor([tokens]))[0][0, data.codec.asked(tokens)]
        assert one.answer == " ".join(data.codec.names(scores.argmax(-1).tolist()))
        asked = torch.tensor([data.codec.classes[tag] for tag in sentence.tags])
        assert one.loss == pytest.approx(float(torch.nn.functional.cross_entropy(scores, asked)), rel=1e-4)
        wrong.append(sum(map(str.__ne__, one.answer.split(), sentence.tags)))
    assert wrong == sorted(wrong, reverse=True)
    assert min(wrong) > 0


def test_predictions_have_a_tag_for_each_word_whatever_the_batch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    asked = ["the cat", "the zebra ran far", "x"]
    data = build(tmp_path, inputs=write(tmp_path, "\n".join(asked), "asked.txt"))
    model = SequenceModel("lstm", 4, len(data.codec.symbols), d_model=8).eval()
    rows: dict[int, dict[str, Any]] = {}
    for batch in data.predict_dataloader():
        rows |= dict(data.predictions(model, batch))
    for number, text in enumerate(asked):
        tokens = data.codec.encode(text)
        with torch.no_grad():
            answers = model(torch.tensor([tokens]))[0][0, data.codec.asked(tokens)].argmax(-1).tolist()
        assert rows[number] == {"sentence": text, "tags": " ".join(data.codec.names(answers))}
        assert len(rows[number]["tags"].split()) == len(text.split())
