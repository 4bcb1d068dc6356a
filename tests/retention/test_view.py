"""View: the same numbers as the model's own forward, in eval mode, and nothing of the model is changed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from seqtoolkit import SequenceModel, plugins
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention.drive import check_causal, drive
from seqtoolkit.retention.view import View, measuring, view

ARCHITECTURES = ["rnn", "lstm", "gru", "attention"]


def test_the_listed_architectures_are_installed() -> None:
    assert set(ARCHITECTURES) <= set(plugins.architectures())


def sequence_model(arch: str, **options: object) -> SequenceModel:
    torch.manual_seed(0)
    sizes = {"vocab_size": 7} | options
    return SequenceModel(arch, num_classes=5, d_model=16, dropout=0.5, **sizes)  # type: ignore[arg-type]


def encoder_decoder(arch: str, attention: str = "none", **options: object) -> EncoderDecoder:
    torch.manual_seed(0)
    return EncoderDecoder(arch, 5, 11, attention=attention, d_model=16, dropout=0.5, **options)  # type: ignore[arg-type]


def through(seen: View, inputs: Tensor) -> Tensor:
    scores = seen.head(seen.features(seen.embed(inputs)))
    assert scores is not None
    return scores


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("options", [{}, {"vocab_size": 0, "num_features": 3}])
def test_a_sequence_model_is_seen_bit_for_bit(arch: str, options: dict[str, int]) -> None:
    model = sequence_model(arch, **options)
    seen = view(model)
    inputs = drive(seen, 3, 9, seed=1)
    assert inputs.shape == ((3, 9, 3) if options else (3, 9))
    scores, traces = through(seen, inputs), seen.trace(inputs)
    assert model.training
    model.eval()
    assert torch.equal(scores, model(inputs)[0])
    assert [set(trace) for trace in traces] == [set(trace) for trace in model.trace(inputs)]
    assert (seen.width, seen.part, seen.has_head) == (16, "model", True)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_an_encoder_is_seen_bit_for_bit(arch: str) -> None:
    model = encoder_decoder(arch, bidirectional=False)
    seen = view(model, "encoder")
    tokens = drive(seen, 3, 9, seed=1)
    features, traces = seen.features(seen.embed(tokens)), seen.trace(tokens)
    assert model.training
    model.eval()
    assert torch.equal(features, model.encoder(tokens, torch.full((3,), 9))[0])
    assert seen.head(features) is None
    assert not seen.has_head
    assert len(traces) == 2
    assert (seen.vocab_size, seen.width) == (6, 16)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("options", [{}, {"attention": "additive"}, {"attention": "dot", "attend": "before"}])
def test_a_decoder_is_seen_bit_for_bit(arch: str, options: dict[str, str]) -> None:
    model = encoder_decoder(arch, **options)
    source = torch.tensor([4, 2, 5])
    seen = view(model, "decoder", source)
    targets = drive(seen, 3, 8, seed=1)
    targets[:, 0] = 0  # a decoder begins with the separator
    scores, traces = through(seen, targets), seen.trace(targets)
    assert model.training
    rows = torch.cat([source.expand(3, -1), targets + model.offset], 1)
    mask = torch.arange(11).expand(3, -1) >= 3
    model.eval()
    assert torch.equal(scores.flatten(0, 1), model(rows, mask=mask)[0])
    assert (seen.vocab_size, len(traces)) == (5, 2)
    check_causal(seen, targets)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("part", ["model", "encoder", "decoder", "decoder, before"])
def test_a_view_goes_on_from_a_state(arch: str, part: str) -> None:
    options = {"attention": "dot", "attend": "before"} if "before" in part else {}
    model = sequence_model(arch) if part == "model" else encoder_decoder(arch, bidirectional=False, **options)
    seen = view(model, part.split(",")[0])  # type: ignore[arg-type]
    embedded = seen.embed(drive(seen, 3, 9, seed=1))
    first, state = seen.advance(embedded[:, :4])
    second, _ = seen.advance(embedded[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), seen.features(embedded))


def test_the_trace_of_a_decoder_has_what_attention_fed_into_it() -> None:
    model = encoder_decoder("gru", "dot", attend="before", block="plain")
    seen = view(model, source=torch.tensor([4, 2, 5]))
    tokens = drive(seen, 2, 6, seed=0)
    hidden = seen.trace(tokens)[-1]["hidden"]
    collected: list[Tensor] = []
    handle = model.decoder.norm.register_forward_hook(lambda *call: collected.append(call[2]))
    seen.features(seen.embed(tokens))
    handle.remove()
    torch.testing.assert_close(hidden, torch.cat(collected, 1))


def test_an_encoder_that_reads_from_both_ends_is_refused() -> None:
    with pytest.raises(ValueError, match=r"both ends.*--model.bidirectional false"):
        view(encoder_decoder("gru"), "encoder")


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_a_sequence_model_has_no_such_part(part: str) -> None:
    with pytest.raises(ValueError, match=f"no part '{part}'.*expected model"):
        view(sequence_model("gru"), part)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected encoder or decoder"):
        view(encoder_decoder("gru"), "model")
    with pytest.raises(ValueError, match="cannot look into a Linear"):
        view(nn.Linear(2, 2))


def test_measuring_restores_each_module_and_what_fails_too() -> None:
    model = sequence_model("lstm")
    model.blocks[0].eval()
    before = [module.training for module in model.modules()]
    enabled = torch.backends.cudnn.enabled
    with measuring(model):
        assert not any(module.training for module in model.modules())
        assert not torch.backends.cudnn.enabled  # gradients are on
    with pytest.raises(KeyError), measuring(model):
        raise KeyError
    assert [module.training for module in model.modules()] == before
    assert torch.backends.cudnn.enabled == enabled
    with torch.no_grad(), measuring(model):
        assert torch.backends.cudnn.enabled == enabled


def test_gradients_flow_from_features_to_embedded_inputs() -> None:
    seen = view(sequence_model("lstm"))
    embedded = seen.embed(drive(seen, 2, 5, seed=0)).detach().requires_grad_()
    seen.features(embedded)[:, -1, 0].sum().backward()
    assert embedded.grad is not None
    assert (embedded.grad != 0).any()
