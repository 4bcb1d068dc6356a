"""Truncation of an encoder-decoder: the source or what the decoder reads is cut, the other half stays whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from seqtoolkit.batch import Batch
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention.targets import contexts
from seqtoolkit.retention.truncation import truncation
from seqtoolkit.retention.view import view
from tests.retention.known_answers import cut


def pairs(model: EncoderDecoder, n: int = 40) -> list[Batch]:
    """Rows of source (3 to 8 symbols), separator and target (2 to 5 symbols, of which the last is not read)."""
    random, rows = torch.Generator().manual_seed(0), []
    for _ in range(n):
        source, target = (
            torch.randint(low, high, (int(torch.randint(*sizes, (1,), generator=random)),), generator=random)
            for low, high, sizes in ((0, model.offset, (3, 9)), (1, 5, (2, 6)))
        )
        rows.append((source, target))
    length = max(len(source) + len(target) for source, target in rows)
    inputs, targets = torch.zeros(n, length, dtype=torch.long), torch.zeros(n, length, dtype=torch.long)
    mask = torch.zeros(n, length, dtype=torch.bool)
    for row, (source, target) in enumerate(rows):
        read = torch.cat([source, model.offset + torch.cat([torch.zeros(1, dtype=torch.long), target[:-1]])])
        inputs[row, : len(read)] = read
        targets[row, len(source) : len(read)] = target
        mask[row, len(source) : len(read)] = True
    whole = Batch(inputs, mask.int().argmax(1) + mask.sum(1), targets, mask)
    return [cut(whole, slice(0, 25)), cut(whole, slice(25, n))]


@torch.no_grad()
def losses_by_hand(model: EncoderDecoder, batches: list[Batch], part: str, context: int) -> float:
    """Cut source or target one by one, and read what is left."""
    losses = []
    for batch in batches:
        for row, mask, classes in zip(batch.inputs, batch.mask, batch.targets, strict=True):
            (asked,) = mask.nonzero(as_tuple=True)
            source, read = row[: asked[0]], row[asked] - model.offset
            kept = source[-context:] if part == "encoder" else source
            state = model.encode(kept[None], torch.tensor([len(kept)]))
            for step in range(len(read)):
                begin = max(0, step + 1 - context) if part == "decoder" else 0
                scores = model.decoder.head(model.decode(read[None, begin : step + 1], state)[0][:, -1])
                losses.append(nn.functional.cross_entropy(scores[0], classes[asked[step]]))
    return float(torch.stack(losses).mean())


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize("options", [{}, {"attention": "additive", "attend": "before"}])
def test_either_half_of_an_encoder_decoder_is_cut(part: Any, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = EncoderDecoder("gru", 5, 11, d_model=8, bidirectional=False, **options).eval()
    batches, seen = pairs(model), view(model, part)
    lags = contexts(seen, [1, 2, 4, 5, 8, 9], batches)
    assert lags == ([1, 2, 4, 5, 8] if part == "encoder" else [1, 2, 4, 5])
    (record,) = truncation(seen, batches, lags, targets=8)
    expected = [losses_by_hand(model, batches, part, context) for context in lags]
    assert record.estimate == pytest.approx(expected, abs=1e-5)
    assert record.settings["full_loss"] == pytest.approx(record.estimate[-1], abs=1e-6)
    assert record.null[-1] == pytest.approx(record.estimate[-1], abs=1e-5)  # nothing lies further back
    assert record.null[0] != pytest.approx(record.estimate[-1], abs=1e-5)
    assert part[:3] in record.settings["cut"] or "source" in record.settings["cut"]


@torch.no_grad()
def test_contexts_of_a_decoder_share_runs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is read as many steps before the end as it is shorter than the longest, where there is such a step."""
    monkeypatch.setattr("seqtoolkit.retention.targets.DENSE", 0.0)
    torch.manual_seed(0)
    model = EncoderDecoder("gru", 5, 11, d_model=8, attention="additive").eval()
    batches, lags = pairs(model), [1, 2, 4]
    worse, whole = {context: list[float]() for context in lags}, []
    for batch in batches:
        for row, mask, classes in zip(batch.inputs, batch.mask, batch.targets, strict=True):
            (asked,) = mask.nonzero(as_tuple=True)
            source, read = row[: asked[0]], row[asked] - model.offset
            state = model.encode(source[None], torch.tensor([len(source)]))

            def loss(begin: int, step: int) -> float:
                scores = model.decoder.head(model.decode(read[None, begin : step + 1], state)[0][:, -1])  # noqa: B023
                return float(nn.functional.cross_entropy(scores[0], classes[asked[step]]))  # noqa: B023

            full = [loss(0, step) for step in range(len(read))]
            whole += [full[end - back] for end in range(len(read)) for back in range(end + 1)]
            for context in lags:
                steps = range(len(read) - (lags[-1] - context))
                worse[context] += [loss(max(0, step + 1 - context), step) - full[step] for step in steps]
    (record,) = truncation(view(model, "decoder"), batches, lags, targets=8)
    assert record.settings["steps_read"] == 8
    expected = [np.mean(whole) + np.mean(worse[context]) for context in lags]
    assert record.estimate == pytest.approx(expected, abs=1e-5)
