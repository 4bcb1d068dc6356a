"""SequenceModel: streaming equals whole, the head runs only where it is asked, sizes are checked."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit import SequenceMixer, SequenceModel
from seqtoolkit.model import count_parameters

ARCHITECTURES = ["rnn", "lstm", "gru", "attention"]


def build(arch: str, **options: object) -> SequenceModel:
    torch.manual_seed(0)
    return SequenceModel(arch, num_classes=5, vocab_size=7, d_model=16, **options).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("block", ["plain", "residual"])
def test_streaming_equals_whole(arch: str, block: str) -> None:
    model = build(arch, block=block, mlp_ratio=2.0)
    tokens = torch.randint(7, (3, 11))
    whole, _ = model(tokens)
    for cut in range(1, 11):
        first, state = model(tokens[:, :cut])
        second, _ = model(tokens[:, cut:], state)
        torch.testing.assert_close(torch.cat([first, second], 1), whole, atol=1e-5, rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_mask_selects_rows_of_the_whole(seed: int) -> None:
    model = build("gru")
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(7, (4, 9), generator=generator)
    mask = torch.rand(4, 9, generator=generator) < 0.3
    torch.testing.assert_close(model(tokens, mask=mask)[0], model(tokens)[0][mask])


def test_only_the_mixer_differs_between_two_architectures() -> None:
    shapes = [
        {name: tuple(p.shape) for name, p in build(arch).named_parameters() if ".mixer." not in name}
        for arch in ARCHITECTURES
    ]
    assert shapes[1:] == shapes[:-1]


def test_features_instead_of_tokens() -> None:
    model = SequenceModel("lstm", num_classes=2, num_features=3, d_model=8)
    scores, _ = model(torch.randn(2, 5, 3))
    assert scores.shape == (2, 5, 2)


def test_a_mixer_class_needs_no_plugin() -> None:
    class Nothing(SequenceMixer):
        def __init__(self, d_model: int) -> None:
            super().__init__()

        def forward(self, x, state=None):  # type: ignore[no-untyped-def]
            return x, state

    model = SequenceModel(Nothing, num_classes=2, vocab_size=3, d_model=4, num_layers=1)
    assert count_parameters(model) == 3 * 4 + 2 * (2 * 4) + 4 * 2 + 2


def test_trace_follows_the_forward() -> None:
    model = build("lstm")
    tokens = torch.randint(7, (2, 6))
    traces = model.trace(tokens)
    features, _ = model.features(model.embed(tokens))
    rebuilt = model.embed(tokens) + sum(trace["hidden"] for trace in traces)
    torch.testing.assert_close(model.norm(rebuilt), features)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"vocab_size": 0}, "vocab_size or num_features"),
        ({"vocab_size": 3, "num_features": 3}, "one of them"),
        ({"vocab_size": 3, "d_model": 0}, "d_model must be at least 1"),
        ({"vocab_size": 3, "num_layers": -1}, "num_layers must be at least 1, got -1"),
    ],
)
def test_impossible_sizes(sizes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SequenceModel("lstm", num_classes=2, **sizes)  # type: ignore[arg-type]


def test_unknown_architecture_suggests() -> None:
    with pytest.raises(ValueError, match="did you mean 'lstm'"):
        SequenceModel("lsmt", num_classes=2, vocab_size=3)
