"""Ours beside JoeyNMT: the same sentences, trained by `seqtoolkit fit` and decoded by `beam_search`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

import joeynmt_peer as peer
import torch
from torch import Tensor

from seqtoolkit import checkpoint
from seqtoolkit.batch import Batch
from seqtoolkit.beam import beam_search
from seqtoolkit.data.reverse import ReverseData
from seqtoolkit.decoding import Decodable
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.mixer import State
from seqtoolkit.model import SequenceModel
from seqtoolkit.runs import read_metrics
from seqtoolkit.training_cli import main as seqtoolkit

FORMS = ("before", "after")  # when a step attends
RATE, DROPOUT, BEAMS, SYMBOLS = 1e-3, 0.1, 4, 16
SHAPE = f"""--model.arch lstm --model.encoder lstm --model.bidirectional true --model.attention additive
 --model.d_model 64 --model.num_layers 1 --model.block plain --model.dropout {DROPOUT}"""


class Case(NamedTuple):
    """How large a training batch is, as JoeyNMT counts it."""

    size: int
    kind: str  # "sentence", or "token": padded target tokens, of sentences that come in no order
    sentences: int  # in a batch


CASES = {
    "10 sentences": Case(10, "sentence", 10),
    # so large a batch nearly always has a sentence of 25, and its end mark
    "4,096 tokens": Case(4_096, "token", -(-4_096 // 26)),
}


class Fitted(NamedTuple):
    """A run of ours."""

    rate: float  # target tokens a second
    run: Path

    @property
    def model(self) -> SequenceModel | EncoderDecoder:
        """The model as it was saved last."""
        return checkpoint.load(self.run / "checkpoints" / "last.ckpt").model


class Bench:
    """Both rivals in one folder, on the same sentences."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.python, self.folder, self.data, self.runs = python, folder, ReverseData(), count()
        for split in ("train", "val", "test"):
            peer.write(folder, split, [(pair.source, pair.target) for pair in self.data.pairs(split)])
        self.asked = [self.data.codec.encode(pair.source) for pair in self.data.pairs("test")]
        self.references = [pair.target.split() for pair in self.data.pairs("test")]

    def joeynmt(self, case: Case, steps: int) -> peer.Trained:
        """Train JoeyNMT."""
        return peer.train(self.python, self.folder, self._configuration(case, steps, batch=10))

    def joeynmt_beam(self, batch: int, symbols: int | None) -> peer.Decoded:
        """Decode the test split with the JoeyNMT that was trained last."""
        config = self._configuration(CASES["10 sentences"], 1, batch)
        config["testing"]["max_output_length"] = symbols or self.data.max_steps
        return peer.decode(self.python, self.folder, config, symbols)

    def _configuration(self, case: Case, steps: int, batch: int) -> dict[str, Any]:
        return peer.configuration(
            self.folder, case.size, case.kind, steps, RATE, DROPOUT, BEAMS, batch, self.data.max_steps
        )

    def fit(self, case: Case, attend: str, steps: int) -> Fitted:
        """Train ours by the command, and read the times from the run's own log."""
        run, screen = self.folder / f"run{next(self.runs)}", self.folder / "screen"
        words = f"fit --data ReverseData --data.batch_size {case.sentences} {SHAPE} --model.attend {attend}"
        words += f" --run {run} --trainer.max_steps {steps} --trainer.max_epochs -1 --checkpoint.monitor null"
        words += " --trainer.limit_val_batches 0 --trainer.enable_progress_bar false"
        words += f" --optimizer torch.optim.Adam --optimizer.lr {RATE}"
        with screen.open("w") as file, redirect_stdout(file), redirect_stderr(file):
            failed = seqtoolkit(words.split())
        if failed:
            raise SystemExit(screen.read_text())
        rows = [row for row in read_metrics(run) if "train/loss" in row]
        first, last = (int(row["step"]) + 1 for row in (rows[0], rows[-1]))
        tokens = sum(int(batch.mask.sum()) for batch in islice(_batches(case.sentences), first, last))
        return Fitted(tokens / (rows[-1]["time"] - rows[0]["time"]), run)

    def beam(self, model: SequenceModel | EncoderDecoder, batch: int, symbols: int | None) -> peer.Decoded:
        """Decode the test split with ours."""
        codec, longest, began = self.data.codec, symbols or self.data.max_steps, time.perf_counter()
        decodable = Endless(model, codec.end_class) if symbols else model
        found = beam_search(decodable, self.asked, codec.end_class, longest, codec.offset, BEAMS, 1.0, batch)
        seconds = time.perf_counter() - began
        return peer.Decoded(seconds, [codec.text(answers[0].tokens).split() for answers in found])


class Endless:
    """A model that never ends an answer."""

    def __init__(self, model: Decodable, end: int) -> None:
        self.model, self.end, self.parameters = model, end, model.parameters
        self.mixes_lengths, self.branch = model.mixes_lengths, model.branch

    def begin(self, prompts: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        """Read prompts; the end mark is impossible."""
        return self._without_end(*self.model.begin(prompts, lengths))

    def advance(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Read tokens; the end mark is impossible."""
        return self._without_end(*self.model.advance(tokens, state))

    def _without_end(self, scores: Tensor, state: State) -> tuple[Tensor, State]:
        scores[:, self.end] = -torch.inf
        return scores, state


def _batches(sentences: int) -> Iterator[Batch]:
    """Yield the training batches of one epoch after another, as `fit` reads them."""
    batches = ReverseData(batch_size=sentences).train_dataloader()
    for epoch in count():
        batches.set_epoch(epoch)
        yield from batches
