"""Looking inside: attention rows are the fused kernel's, influence is zero exactly where nothing can be used."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit import SequenceModel, plugins
from seqtoolkit.attention_maps import attention_rows
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.data.g2p import CODEC as G2P
from seqtoolkit.data.recall import RecallData
from seqtoolkit.described import describe
from seqtoolkit.inspection import inspect
from seqtoolkit.retention.influence import influence_map
from seqtoolkit.retention.rank_correlation import ranks, spearman

SHAPE = {"d_model": 16, "num_layers": 2, "block": "residual", "mlp_ratio": 0.0, "dropout": 0.0}


def checkpoint(arch: str, spec: dict[str, object]) -> Checkpoint:
    torch.manual_seed(3)
    described = describe({"arch": arch, **SHAPE}, spec)
    return Checkpoint(None, described, described.build().eval(), 0)  # type: ignore[arg-type]


def g2p(arch: str) -> Checkpoint:
    sizes = {"vocab_size": len(G2P.symbols), "num_classes": len(G2P.classes)}
    return checkpoint(arch, {"task": "g2p", **sizes, "codec": G2P.to_dict()})


@pytest.mark.parametrize("window", [None, 3])
def test_attention_rows_reproduce_the_forward(window: int | None) -> None:
    mixer = plugins.get("attention")(16, window=window)  # type: ignore[call-arg]
    x = torch.randn(2, 9, 16)
    rows = torch.tensor([0, 4, 8])
    weights = attention_rows(mixer.trace(x), rows)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 3))
    value = mixer.value(x).unflatten(-1, (4, -1)).transpose(1, 2)  # type: ignore[operator]
    mixed = mixer.out((weights @ value).transpose(1, 2).flatten(2))  # type: ignore[operator]
    torch.testing.assert_close(mixed, mixer(x)[0][:, rows], atol=1e-6, rtol=1e-5)
    lag = rows[:, None] - torch.arange(9)
    outside = (lag < 0) | (lag >= (window or 9))
    assert (weights[:, :, outside] == 0).all()


@pytest.mark.parametrize("arch", ["rnn", "lstm", "gru", "attention"])
def test_inspection_of_a_word(arch: str) -> None:
    seen = inspect(g2p(arch), "cat")
    columns, rows = len(seen.inputs), len(seen.rows)
    assert seen.inputs[:4] == ["c", "a", "t", "→"]
    assert seen.inputs[4:] == seen.rows[:-1]  # what was answered is what is read next
    assert seen.positions == list(range(3, columns))
    assert seen.influence.shape == (rows, columns)
    future = np.arange(columns)[None, :] > np.array(seen.positions)[:, None]
    assert (seen.influence[future] == 0).all()
    assert (seen.influence[~future] > 0).any()
    assert seen.layers == ([0, 1] if arch == "attention" else [])
    for weights, agreement in zip(seen.attention, seen.agreement, strict=True):
        assert weights.shape == (4, rows, columns)
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
        assert (weights[:, future] == 0).all()
        assert agreement.shape == (4,)
        assert (np.abs(agreement[np.isfinite(agreement)]) <= 1).all()


def test_inspection_of_a_recall_prompt() -> None:
    data = RecallData(num_symbols=3, max_lag=4, length=16)
    seen = inspect(checkpoint("gru", data.spec), "abAcd?xB?")
    assert seen.positions == [5, 8]
    assert set(seen.rows) <= {"A", "B", "C"}
    assert seen.influence.shape == (2, 9)


@pytest.mark.parametrize("text", ["", "Ünder", "a b"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"empty|reads only"):
        inspect(g2p("rnn"), text)


@torch.no_grad()
def test_influence_equals_its_definition() -> None:
    """One entry, by hand: the mean KL divergence after each replacement."""
    model = SequenceModel("gru", num_classes=5, vocab_size=5, d_model=8).eval()
    tokens, draws = torch.tensor([1, 2, 3, 4]), torch.tensor([0, 3])
    result = influence_map(model, tokens, torch.tensor([3]), [draws] * 4)
    p = model(tokens[None])[0][0, 3].softmax(-1)
    by_hand = []
    for symbol in (0, 3):
        q = model(torch.tensor([[1, symbol, 3, 4]]))[0][0, 3].softmax(-1)
        by_hand.append(float((p * (p / q).log()).sum()))
    assert float(result[0, 1]) == pytest.approx(np.mean(by_hand), rel=1e-3)


def test_influence_beyond_the_window_is_exactly_zero() -> None:
    model = SequenceModel(
        "attention",
        num_classes=5,
        vocab_size=5,
        d_model=8,
        num_layers=2,
        arch_config={"window": 2, "num_heads": 1},
    ).eval()
    tokens = torch.randint(5, (10,))
    result = influence_map(model, tokens, torch.tensor([9]), [torch.arange(5)] * 10)
    assert (result[0, :7] == 0).all()  # two layers reach 2 * (window - 1) steps back
    assert (result[0, 7:] > 0).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=12))
def test_ranks_share_ties(values: list[int]) -> None:
    found = ranks(np.array(values))
    expected = [(sum(w < v for w in values) + sum(w <= v for w in values) + 1) / 2 for v in values]
    assert found.tolist() == expected
    assert spearman(np.array(values), np.array(values) * 2 + 1) == pytest.approx(1.0) or len(set(values)) == 1
    assert np.isnan(spearman(np.array(values), np.ones(len(values))))
