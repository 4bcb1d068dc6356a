"""Does the map of self-attention tell the truth? Its weights beside the influence of the same letters, and chance.

Measured on test words that a model pronounces by the reference: for each layer and head, the rank correlation of the
weights on the letters with how far the predictions move when a letter is replaced. Null: the same weights, permuted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import machine  # noqa: F401  (before torch)
import numpy as np
import torch
from torch import Tensor

from seqtoolkit import checkpoint
from seqtoolkit.attention_maps import attention_rows
from seqtoolkit.batch import Batch
from seqtoolkit.data.g2p import G2PData
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.bootstrap import mean_interval
from seqtoolkit.retention.faithfulness import SHUFFLES, Replacements, faithfulness, source_influence
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import read_probe

PROBE = "faithfulness.json"


def honesty(run: Path, words: int) -> list[AlignmentRecord]:
    """Measure the best checkpoint of a run on the first test words, or read what was measured on as many."""
    if (found := _stored(run, words)) is not None:
        return found
    path = run / "checkpoints" / "best.ckpt"
    opened = checkpoint.load(path)
    model = opened.model
    assert isinstance(model, SequenceModel)
    records = measure(model, words)
    folder = RunFolder(run)
    folder.open(create=False)
    try:
        stored = {"schema": 1, "split": "test", "step": opened.step, "words": words}
        folder.write_probe(path, PROBE, {**stored, "records": [record.to_dict() for record in records]})
    finally:
        folder.close()
    return records


def measure(model: SequenceModel, words: int) -> list[AlignmentRecord]:
    """Return one record for each layer and head; none for a model without attention."""
    examples = _examples(words)
    letters = Counter(
        token for tokens, mask in examples for token in tokens[: int(mask.int().argmax())].tolist()
    )
    rows = [_compare(model, tokens, mask, letters, i) for i, (tokens, mask) in enumerate(examples)]
    measured = [row for row in rows if row is not None]
    if not measured:
        return []
    values = np.stack(measured)  # (words, 1 + SHUFFLES, layers * heads)
    heads = [_record(head, values[..., head]) for head in range(values.shape[2])]
    layers = _layers(model, examples[0][0])
    per_layer = len(heads) // max(1, layers)
    return [
        replace(record, settings={**record.settings, "layer": place // per_layer, "head": place % per_layer})
        for place, record in enumerate(heads)
        if record is not None
    ]


def _examples(words: int) -> list[tuple[Tensor, Tensor]]:
    """Return tokens (L,) and mask (L,) of the first test words."""
    found: dict[int, tuple[Tensor, Tensor]] = {}
    for batch in G2PData().test_dataloader():
        assert isinstance(batch, Batch)
        assert batch.index is not None
        for row, example in enumerate(batch.index.tolist()):
            if example < words:
                length = int(batch.lengths[row])
                found[example] = batch.inputs[row, :length], batch.mask[row, :length]
    return [found[example] for example in sorted(found)]


@torch.inference_mode()
def _compare(
    model: SequenceModel, tokens: Tensor, mask: Tensor, letters: Counter[int], seed: int
) -> np.ndarray | None:
    drawn = Replacements.draw(tokens, int(mask.int().argmax()), letters, [0, seed])
    traces = [trace for trace in model.trace(tokens[None]) if "query" in trace]
    if drawn is None or not traces:
        return None
    where = mask.nonzero()[:, 0]
    weights = torch.cat([attention_rows(trace, where)[0][..., drawn.positions] for trace in traces])
    used = source_influence(model, tokens, mask, drawn.positions, drawn.symbols)
    return faithfulness(weights, used, drawn.shuffles)


def _record(place: int, values: np.ndarray) -> AlignmentRecord | None:
    """Return the record of one head from values (words, 1 + SHUFFLES), or none where it is constant."""
    values = values[np.isfinite(values).all(1)]
    if not len(values):
        return None
    low, high = np.quantile(values[:, 1:].mean(0), [0.025, 0.975])
    settings: dict[str, Any] = {
        "interval": "percentile bootstrap over words",
        "null": f"{SHUFFLES} permutations of the weights",
        "null_interval": [float(low), float(high)],
    }
    estimate, lower, upper = mean_interval(values[:, 0])
    null = float(values[:, 1:].mean())
    return AlignmentRecord(
        place, "faithfulness", estimate, lower, upper, null, len(values), settings=settings
    )


def _layers(model: SequenceModel, tokens: Tensor) -> int:
    return sum("query" in trace for trace in model.trace(tokens[None]))


def _stored(run: Path, words: int) -> list[AlignmentRecord] | None:
    try:
        probe = read_probe(run, "best", PROBE) or {}
        if probe.get("words") != words:
            return None
        return [AlignmentRecord.from_dict(record) for record in probe["records"]]
    except (OSError, ValueError, KeyError):
        return None
