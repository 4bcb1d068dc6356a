"""influence on an encoder: by what its decoder would write first."""

from __future__ import annotations

import pytest
import torch

from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.influence import influence
from seqtoolkit.retention.swapping import Run, cuts
from seqtoolkit.retention.view import view
from tests.retention.fresh import N


@torch.no_grad()
def by_first_answers(pair: EncoderDecoder, sources: torch.Tensor, lag: int) -> torch.Tensor:
    """Swap neighbours' source symbols, and compare what the decoder would write first."""
    at, changed = sources.shape[1] - 1 - lag, sources.clone()
    changed[0::2, at], changed[1::2, at] = sources[1::2, at], sources[0::2, at]
    lengths = torch.full((len(sources),), sources.shape[1] + 1)
    separator = torch.full_like(sources[:, :1], pair.offset)
    p, q = (
        pair.eval().begin(torch.cat([rows, separator], 1), lengths)[0].double().log_softmax(-1)
        for rows in (sources, changed)
    )
    return (p.exp() * (p - q)).sum(-1)


@pytest.mark.parametrize("options", [{}, {"attention": "dot"}, {"attention": "additive", "attend": "before"}])
@pytest.mark.parametrize("arch", ["gru", "attention"])
def test_an_encoder_is_used_by_the_first_answer_of_its_decoder(arch: str, options: dict[str, str]) -> None:
    torch.manual_seed(0)
    pair = EncoderDecoder(arch, 5, 11, d_model=16, bidirectional=False, **options)  # type: ignore[arg-type]
    seen = view(pair, "encoder")
    sources = drive(seen, N, 40, 0)
    with torch.inference_mode():
        run = Run(seen, seen.embed(sources), cuts(39, 40))
        for lag in (0, 1, 5, 17, 39):
            expected = by_first_answers(pair, sources, lag)
            torch.testing.assert_close(run.influence([lag]).squeeze(1), expected, rtol=1e-2, atol=1e-8)
        assert (run.future() == 0).all()
    (record,) = influence(seen, sources, [0, 1, 39])
    assert record.lower[0] > 0
    assert (record.settings["part"], record.null) == ("encoder", [0.0] * 3)


def test_what_an_encoder_has_forgotten_is_still_seen_by_attention() -> None:
    """Its state is that of the unchanged run, but the decoder looks at the outputs of all steps."""
    torch.manual_seed(0)
    short = {"encoder": "attention", "encoder_config": {"window": 2}, "num_layers": 1, "bidirectional": False}
    alone, looking = (
        view(EncoderDecoder("gru", 5, 11, d_model=16, attention=name, **short), "encoder")  # type: ignore[arg-type]
        for name in ("none", "dot")
    )
    sources = drive(alone, N, 40, 0)
    assert influence(alone, sources, [30])[0].settings["exactly_zero"] == [30]
    assert influence(looking, sources, [30])[0].settings["exactly_zero"] == []
