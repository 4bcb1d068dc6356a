"""What is said of one source: answers as beam search gives them, maps as the model has them, influence as it is."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from seqtoolkit import alignment_inspection
from seqtoolkit.alignment_inspection import AlignmentInspection, inspect_alignment
from seqtoolkit.beam import beam_search
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.codec import Codec
from seqtoolkit.data.recall import RecallData
from seqtoolkit.described import describe

CODEC = Codec(
    symbols=("a", "b", "c", "d", "?", ">", "a", "X", "Y", "."),
    alphabet=("a", "b", "c", "d"),
    example="abca",
    separator=">",
    end=".",
    unknown="?",
)
SHAPE = {"d_model": 8, "num_layers": 1, "block": "plain", "mlp_ratio": 0.0, "dropout": 0.0}


def checkpoint(arch: str = "gru", codec: Codec = CODEC, **chosen: object) -> Checkpoint:
    torch.manual_seed(3)
    classes = len(codec.symbols) - codec.offset if codec.separator else len(codec.alphabet)
    spec = {
        "task": "t",
        "vocab_size": len(codec.symbols),
        "num_classes": classes,
        "codec": codec.to_dict(),
    }
    described = describe({"arch": arch, **SHAPE, **chosen}, spec)
    return Checkpoint(Path("x.ckpt"), described, described.build().eval(), 0)


MODELS = {
    "multihead": {"encoder": "lstm", "attention": "multihead", "attention_config": {"num_heads": 2}},
    "before": {"encoder": "gru", "attention": "additive", "attend": "before"},
    "no attention": {"encoder": "rnn"},
    "one model": {},
}


@pytest.fixture(params=MODELS)
def opened(request: pytest.FixtureRequest) -> Checkpoint:
    return checkpoint(**MODELS[request.param])


def test_every_part_has_its_shape_and_its_bounds(opened: Checkpoint) -> None:
    seen = inspect_alignment(opened, "abcad")
    rows, columns = len(seen.target), 5
    assert seen.source == list("abcad")
    assert seen.influence.shape == (rows, columns)
    assert (seen.influence >= 0).all()
    assert (seen.log_probability <= 0).all()
    if opened.described.encoder is None or opened.described.encoder["attention"] == "none":
        assert (seen.weights, seen.entropy, seen.agreement, seen.faithfulness()) == (None, None, None, None)
        return
    assert seen.weights is not None
    assert seen.entropy is not None
    assert seen.weights.shape[1:] == (rows, columns)
    np.testing.assert_allclose(seen.weights.sum(-1), 1.0, rtol=1e-5)
    assert ((seen.entropy >= 0) & (seen.entropy <= math.log(columns) + 1e-5)).all()
    faithfulness = seen.faithfulness()
    assert faithfulness is not None
    assert (np.abs(faithfulness) <= 1 + 1e-6).all()


def test_answers_are_those_of_beam_search(opened: Checkpoint) -> None:
    seen = inspect_alignment(opened, "abc", beams=3)
    found = beam_search(opened.model, [CODEC.encode("abc")], CODEC.end_class, 64, CODEC.offset, beams=3)[0]
    assert [(one.text, one.ended) for one in seen.n_best] == [(CODEC.text(h.tokens), h.ended) for h in found]
    assert float(seen.log_probability.sum()) == pytest.approx(found[0].log_probability, abs=1e-4)


def test_its_own_answer_forced_is_the_same_picture(opened: Checkpoint) -> None:
    own = inspect_alignment(opened, "abcd")
    forced = inspect_alignment(opened, "abcd", own.target)
    assert (forced.target, forced.n_best) == (own.target, own.n_best)
    np.testing.assert_array_equal(forced.influence, own.influence)
    if own.weights is not None:
        np.testing.assert_array_equal(forced.weights, own.weights)


def test_an_answer_from_elsewhere_is_read(opened: Checkpoint) -> None:
    seen = inspect_alignment(opened, "dd", ["X", "Y", "."])
    assert seen.target == ["X", "Y", "."]
    assert seen.influence.shape == (3, 2)


def test_influence_is_the_mean_divergence_over_every_replacement() -> None:
    opened = checkpoint(**MODELS["multihead"])
    seen = inspect_alignment(opened, "abc", ["X", "."])

    def predicted(text: str) -> torch.Tensor:
        tokens = torch.tensor([[*CODEC.encode(text), CODEC.offset + CODEC.classes["X"]]])
        mask = torch.tensor([[False] * len(text) + [True, True]])
        with torch.inference_mode():
            return opened.model(tokens, mask=mask)[0].log_softmax(-1)

    base = predicted("abc")
    for place in range(3):
        others = [predicted("abc"[:place] + s + "abc"[place + 1 :]) for s in "abcd" if s != "abc"[place]]
        expected = torch.stack([(base.exp() * (base - other)).sum(-1) for other in others]).mean(0)
        np.testing.assert_allclose(seen.influence[:, place], expected, atol=1e-5)


def test_long_sources_try_fewer_replacements(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    real = alignment_inspection.source_influence

    def counted(
        model: object, tokens: object, mask: object, positions: object, symbols: torch.Tensor
    ) -> object:
        tried.append(symbols.numel())
        return real(model, tokens, mask, positions, symbols)  # type: ignore[arg-type]

    monkeypatch.setattr(alignment_inspection, "source_influence", counted)
    inspect_alignment(checkpoint(**MODELS["no attention"]), "abcd" * 4, ["."])
    few = sum(tried)
    tried.clear()
    monkeypatch.setattr(alignment_inspection, "REPLACED", 1)
    monkeypatch.setattr(alignment_inspection, "AT_ONCE", 64)
    inspect_alignment(checkpoint(**MODELS["no attention"]), "abcd" * 4, ["."])
    assert few == 16 * 3
    assert (sum(tried), max(tried)) == (16, 64 // 17)


@pytest.mark.parametrize("text", ["?a", "zé"])
def test_what_was_never_seen_is_the_unknown_symbol(text: str) -> None:
    assert inspect_alignment(checkpoint(**MODELS["before"]), text).source[0] == "?"


def test_a_task_without_a_separator_answers_where_it_is_asked() -> None:
    data = RecallData()
    codec = Codec.from_dict(data.spec["codec"])
    described = describe({"arch": "lstm", **SHAPE}, data.spec)
    opened = Checkpoint(Path("x.ckpt"), described, described.build().eval(), 0)
    seen = inspect_alignment(opened, codec.example)
    assert len(seen.target) == codec.split(codec.example).count(codec.query)
    assert seen.influence.shape == (len(seen.target), len(seen.source))
    assert seen.tree == []
    assert inspect_alignment(opened, codec.example, seen.target).target == seen.target
    with pytest.raises(ValueError, match="this input asks"):
        inspect_alignment(opened, codec.example, [*seen.target, seen.target[0]])


@pytest.mark.parametrize(
    ("text", "forced", "message"),
    [("", None, "an empty input"), ("ab", ["Q"], "'Q', which this model cannot answer")],
)
def test_what_cannot_be_read_says_so(text: str, forced: list[str] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        inspect_alignment(checkpoint(), text, forced)


def path(seen: AlignmentInspection, place: int) -> list[str]:
    names: list[str] = []
    while (node := seen.tree[place]).parent >= 0:
        names.append(node.name)
        place = node.parent
    return names[::-1]


def test_the_tree_holds_every_answer_and_grows_less_likely(opened: Checkpoint) -> None:
    seen = inspect_alignment(opened, "abca", beams=4)
    for place, node in enumerate(seen.tree[1:], 1):
        assert node.parent < place
        assert node.depth == seen.tree[node.parent].depth + 1
        assert node.log_probability <= seen.tree[node.parent].log_probability + 1e-5
    for answer in seen.n_best:
        names = [*([*answer.text] if answer.text else []), *["."] * answer.ended]
        assert names in [path(seen, place) for place in range(len(seen.tree))]
    best = [path(seen, place) for place, node in enumerate(seen.tree) if node.rank == 1]
    assert all(a == b[: len(a)] for a, b in itertools.pairwise(best))
