"""`predict --stream`: rows that come one by one are answered at once, each from the state after those before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import torch

from seqtoolkit.checkpoint import load
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.row_stream import RowStream
from seqtoolkit.data.tabular.row_lines import RowLines
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.mixer import State
from seqtoolkit.model import SequenceModel
from seqtoolkit.output import Output


def stream(data: SequenceData, path: Path, source: str, output: str, format: Literal["tsv", "jsonl"]) -> None:
    """Answer the rows of a CSV, from a file or a pipe or standard input (-), with a checkpoint, until they end.

    Raises ValueError for data or a model that cannot answer row by row, and for a row that cannot be read.
    """
    model = load(path).model
    if isinstance(model, EncoderDecoder):
        raise ValueError(f"{path} has an encoder, which reads a whole source at once; leave out --stream")
    written = Output(output, format, grows=True)
    written.check()
    with RowLines(source) as lines, written:
        for answers in answered(model, data.stream(lines), lines):
            written.append(answers)


@torch.inference_mode()
def answered(
    model: SequenceModel, rows: RowStream, lines: Iterable[tuple[int, list[str]]]
) -> Iterator[list[dict[str, Any]]]:
    """Yield what is written for each numbered row; a state is kept for each sequence among them."""
    states: dict[str, State] = {}
    for number, cells in lines:
        read = rows.read(number, cells)
        before = None if read.anew else states[read.sequence]
        scores, states[read.sequence] = model.advance(read.inputs, before)
        yield rows.answers(scores)
