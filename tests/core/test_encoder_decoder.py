"""An encoder-decoder is its formulas: one by one is all at once, padding is nothing, and no attention is one vector."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seqtoolkit.bidirectional import Bidirectional, reverse
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.mixer import select_rows
from seqtoolkit.model import SequenceModel, count_parameters

SOURCES, CLASSES = 7, 6  # source symbols; target symbols with the separator and the end mark
ARCHITECTURES = ("rnn", "lstm", "gru", "attention")
ATTENTIONS = ("none", "additive", "dot", "general", "concat", "multihead")


def build(arch: str = "lstm", seed: int = 0, **options: Any) -> EncoderDecoder:
    torch.manual_seed(seed)
    options = {"d_model": 16, "num_layers": 2, "attention": "additive", **options}
    return EncoderDecoder(arch, CLASSES, SOURCES + CLASSES, **options).double().eval()


def rows(lengths: list[tuple[int, int]], seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return joined rows of (source, target) lengths, padded on the right with zeros, and their masks."""
    random = torch.Generator().manual_seed(seed)
    longest = max(source + target for source, target in lengths)
    inputs = torch.zeros(len(lengths), longest, dtype=torch.long)
    mask = torch.zeros(len(lengths), longest, dtype=torch.bool)
    for row, (source, target) in enumerate(lengths):
        inputs[row, :source] = torch.randint(SOURCES, (source,), generator=random)
        inputs[row, source] = SOURCES
        answer = torch.randint(1, CLASSES - 1, (target - 1,), generator=random) + SOURCES
        inputs[row, source + 1 : source + target] = answer
        mask[row, source : source + target] = True
    return inputs, mask


LENGTHS = [(4, 3), (1, 5), (6, 1), (3, 3)]


@pytest.mark.parametrize("attend", ["after", "before"])
@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_row_is_read_alone_and_one_symbol_at_a_time(arch: str, attention: str, attend: Any) -> None:
    model = build(arch, encoder="gru", attention=attention, attend=attend)
    inputs, mask = rows(LENGTHS)
    together, at = model(inputs, mask=mask)[0], 0
    for row, (source, target) in enumerate(LENGTHS):
        expected, at = together[at : at + target], at + target
        alone = slice(row, row + 1), slice(source + target)
        torch.testing.assert_close(model(inputs[alone], mask=mask[alone])[0], expected)
        scores, state = model.advance(inputs[row : row + 1, : source + 1])
        steps = [scores]
        for t in range(source + 1, source + target):
            scores, state = model.advance(inputs[row : row + 1, t : t + 1], state)
            steps.append(scores)
        torch.testing.assert_close(torch.cat(steps), expected)


@pytest.mark.parametrize("attend", ["after", "before"])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_beams_of_a_source_read_it_as_one_that_is_theirs_alone(attention: str, attend: Any) -> None:
    model = build(attention=attention, attend=attend)
    inputs, mask = rows(LENGTHS)
    parts = model.split(inputs, mask)
    encode = model.encode
    tokens = torch.randint(CLASSES, (8, 5), generator=torch.Generator().manual_seed(0))
    twice = torch.arange(4).repeat_interleave(2)
    together = model.branch(encode(parts.source, parts.lengths), None, twice.view(4, 2))
    alone = encode(parts.source[twice], parts.lengths[twice])
    first, _, together = model.decode(tokens[:, :2], together)
    expected, _, alone = model.decode(tokens[:, :2], alone)
    torch.testing.assert_close(first, expected)
    going, beams = torch.tensor([1, 3]), torch.tensor([[3, 2, 2], [6, 6, 7]])  # three beams each, of two
    together = model.branch(together, going, beams)
    assert len(together.source.mask) == 2
    read, weights, _ = model.decode(tokens[beams.flatten(), 2:], together)
    expected, looked, _ = model.decode(tokens[beams.flatten(), 2:], select_rows(alone, beams.flatten()))
    torch.testing.assert_close(read, expected)
    if weights is not None:
        torch.testing.assert_close(weights, looked)


@pytest.mark.parametrize("encoder", ARCHITECTURES)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_padding_changes_nothing_and_no_answer_is_seen_before_it_is_due(
    encoder: str, bidirectional: bool
) -> None:
    model = build(encoder=encoder, bidirectional=bidirectional)
    inputs, mask = rows(LENGTHS)
    expected = model(inputs, mask=mask)[0]
    padded = inputs.clone()
    for row, (source, target) in enumerate(LENGTHS):
        padded[row, source + target :] = SOURCES + 2
    torch.testing.assert_close(model(padded, mask=mask)[0], expected, rtol=0, atol=0)
    changed = inputs.clone()
    changed[0, 6] = SOURCES + 1 if inputs[0, 6] != SOURCES + 1 else SOURCES + 2  # the last symbol of row 0
    after = model(changed, mask=mask)[0]
    torch.testing.assert_close(after[:2], expected[:2], rtol=0, atol=0)
    assert not torch.equal(after[2], expected[2])


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=4),
    st.integers(0, 100),
    st.integers(0, 3),
)
def test_rows_are_taken_apart_where_the_answer_begins(
    lengths: list[tuple[int, int]], seed: int, more: int
) -> None:
    inputs, mask = (nn.functional.pad(part, (0, more)) for part in rows(lengths, seed))
    parts = build().split(inputs, mask)
    assert parts.source.shape[1] == max(source for source, _ in lengths)
    assert parts.target.shape[1] == max(target for _, target in lengths)
    for row, (source, target) in enumerate(lengths):
        assert parts.lengths[row] == source
        assert torch.equal(parts.source[row, :source], inputs[row, :source])
        assert torch.equal(parts.target[row, :target], inputs[row, source : source + target] - SOURCES)
        assert parts.target[row, 0] == 0
        assert parts.mask[row].tolist() == [True] * target + [False] * (parts.mask.shape[1] - target)


def test_without_attention_all_that_is_known_of_the_source_is_one_vector() -> None:
    model = build(attention="none")
    inputs, mask = rows(LENGTHS)
    parts = model.split(inputs, mask)
    state = model.encode(parts.source, parts.lengths)
    assert (state.source.prepared, state.blocks, state.query) == (None, None, None)
    model.encoder.forward = lambda *_: pytest.fail("the source is read once")  # type: ignore[method-assign]
    assert model.decode(parts.target, state)[1] is None
    moved = state._replace(source=state.source._replace(summary=state.source.summary.roll(1, 0)))
    assert not torch.allclose(model.decode(parts.target, moved)[0], model.decode(parts.target, state)[0])


def test_attention_after_the_step_is_the_formula_of_luong() -> None:
    model = build(attention="dot", num_layers=1, block="plain", dropout=0.0)
    inputs, mask = rows([(5, 4)])
    parts = model.split(inputs, mask)
    read, last = model.encoder(parts.source, parts.lengths)
    summary = model.bridge(last).tanh()
    state: Any = None
    for t in range(4):
        x = model.decoder.embedding(parts.target[:, t]) + summary
        h, state = model.decoder.blocks[0].mixer(x.unsqueeze(1), state)
        weights = (h[0] @ read[0].T).softmax(-1)
        attentional = model.combine(torch.cat([weights @ read[0], h[0]], -1)).tanh()
        torch.testing.assert_close(model.decoder.head(attentional), model(inputs, mask=mask)[0][t : t + 1])
        torch.testing.assert_close(weights, model.align(inputs, mask)[0, 0, t : t + 1])


def test_attention_before_the_step_is_the_formula_of_bahdanau() -> None:
    model = build("gru", attention="dot", num_layers=1, block="plain", attend="before")
    inputs, mask = rows([(5, 4)])
    parts = model.split(inputs, mask)
    read, last = model.encoder(parts.source, parts.lengths)
    summary = query = model.bridge(last).tanh()
    state: Any = None
    for t in range(4):
        weights = (query @ read[0].T).softmax(-1)
        context = weights @ read[0]
        x = model.decoder.embedding(parts.target[:, t]) + summary + model.feed(context)
        h, state = model.decoder.blocks[0].mixer(x.unsqueeze(1), state)
        query = h[:, 0]
        readout = model.combine(torch.cat([context, query], -1)).tanh()
        torch.testing.assert_close(model.decoder.head(readout), model(inputs, mask=mask)[0][t : t + 1])
        torch.testing.assert_close(weights, model.align(inputs, mask)[0, 0, t : t + 1])


def test_both_directions_are_those_of_a_bidirectional_lstm() -> None:
    torch.manual_seed(0)
    model = build(encoder_layers=1)
    both = model.encoder.blocks[0].mixer
    assert isinstance(both, Bidirectional)
    reference = nn.LSTM(16, 16, batch_first=True, bidirectional=True).double()
    for one, suffix in ((both.ahead, ""), (both.back, "_reverse")):
        for name, value in one.lstm.named_parameters():
            getattr(reference, name + suffix).data.copy_(value)
    x, lengths = torch.randn(3, 7, 16, dtype=torch.double), torch.tensor([7, 2, 5])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    expected = both.join(nn.utils.rnn.pad_packed_sequence(reference(packed)[0], batch_first=True)[0])
    found = both(x, lengths)
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(found[row, :length], expected[row, :length])
    assert torch.equal(reverse(reverse(x, lengths), lengths), x)


def test_every_weight_learns_and_tied_weights_are_saved_once() -> None:
    for options in ({}, {"attend": "before", "attention": "multihead"}, {"attention": "none"}, {"tie": True}):
        model = build(**options).train()
        inputs, mask = rows(LENGTHS)
        model(inputs, mask=mask)[0].square().sum().backward()
        assert [
            name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0
        ] == []
    free, tied = build(), build(tie=True)
    assert count_parameters(free) - count_parameters(tied) == CLASSES * 16
    other = build(tie=True, seed=1)
    other.load_state_dict(tied.state_dict())
    torch.testing.assert_close(other(inputs, mask=mask)[0], tied(inputs, mask=mask)[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attend": "during"}, "attend is 'during'; expected one of after, before"),
        ({"attention": "aditive"}, "did you mean 'additive'"),
        ({"encoder": "lstn"}, "did you mean 'lstm'"),
        ({"encoder_width": 8, "attention": "dot"}, "16 and 8|8 and 16|d_source"),
        ({"encoder_layers": 0}, "encoder_layers must be at least 1"),
    ],
)
def test_what_cannot_be_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_unequal_widths_work_where_an_attention_can() -> None:
    inputs, mask = rows(LENGTHS)
    for attention in ("none", "additive", "general", "concat", "multihead"):
        model = build(attention=attention, encoder_width=8, attend="before")
        assert model(inputs, mask=mask)[0].shape == (12, CLASSES)


def test_no_source_is_refused() -> None:
    with pytest.raises(ValueError, match="leave none for a source"):
        EncoderDecoder("lstm", 6, 6)
    with pytest.raises(ValueError, match="tie needs as many classes as tokens"):
        SequenceModel("lstm", num_classes=6, vocab_size=13, tie=True)
