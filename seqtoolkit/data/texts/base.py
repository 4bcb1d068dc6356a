"""What all language models of characters or bytes share: texts of three splits, read as streams, and continued."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.base import SequenceData, prompts
from seqtoolkit.data.inputs import Prompts
from seqtoolkit.data.lines import OnBadLine
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.texts.dynamic_evaluation import DynamicEvaluation
from seqtoolkit.data.texts.language_quality import LanguageQuality
from seqtoolkit.data.texts.streams import Streams
from seqtoolkit.data.texts.symbols import TextSymbols
from seqtoolkit.sampling import Sampling, sample

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

EVAL_ROWS = 64  # parts in which a text is evaluated at the same time

SHOWN = 400  # symbols of a window that is shown


class LanguageData(SequenceData):
    """The next symbol of a text, at every step; the state is carried from window to window of a text.

    A split is one text. The loss is on all its symbols but the first. Validation and test are read in at most
    EVAL_ROWS parts, each symbol once; in one part where a copy of the model learns from it (`dynamic_rate`).
    """

    symbols: TextSymbols

    def __init__(
        self,
        window: int = 128,
        batch_size: int = 64,
        seed: int = 0,
        inputs: str | None = None,
        on_bad_line: OnBadLine = "error",
        length: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        dynamic_rate: float = 0.0,
    ) -> None:
        super().__init__()
        for name, value, least in (("window", window, 2), ("batch_size", batch_size, 1)):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        if not 0 <= dynamic_rate < math.inf:
            raise ValueError(f"dynamic_rate must be 0 or a positive number, got {dynamic_rate}")
        self.window = window
        self.batch_size = batch_size
        self.seed = seed
        self.inputs = inputs
        self.on_bad_line = on_bad_line  # of what `predict` reads
        self.dynamic_rate = dynamic_rate
        self.sampling = Sampling(length, temperature, top_k, seed)
        self._texts: dict[str, Tensor] = {}
        self._loaders: dict[str, Streams] = {}

    def specify(
        self, task: str, symbols: TextSymbols, texts: Mapping[str, Sequence[str]], **more: Any
    ) -> None:
        """Set the texts of the splits, each of one part or more, and the spec that follows from them."""
        self.symbols = symbols
        self._texts = {split: symbols.encode(_joined(symbols, parts)) for split, parts in texts.items()}
        size = len(symbols.codec.symbols)
        self.spec = {
            "task": task,
            "vocab_size": size,
            "num_classes": size,
            "codec": symbols.codec.to_dict(),
            "unit": symbols.unit,
            "symbols": {split: len(text) for split, text in self._texts.items()},
            **more,
        }

    def text(self, split: str) -> Tensor:
        """Return the symbols (N,) of "train", "val" or "test".

        Raises ValueError when there are none.
        """
        if split not in self._texts:
            raise ValueError(f"no {split} text: add --data.{split} FILE to --data.train")
        return self._texts[split]

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return bits for each symbol and the accuracy, beside those of the frequencies in training.

        With a `dynamic_rate` also the bits by a copy of the model that learns from what it has read.
        """
        loader, size, unit = self._measured(split), len(self.symbols.codec.symbols), self.symbols.unit
        counts = np.bincount(self.text("train").numpy(), minlength=size)
        windows, show = loader.rows * loader.windows, partial(self._shown, loader)
        found: dict[str, SequenceMetric] = {"language": LanguageQuality(windows, counts, unit, show)}
        if self.dynamic_rate:
            found["dynamic"] = DynamicEvaluation(windows, self.dynamic_rate, unit)
        return found

    def train_dataloader(self) -> Streams:
        """Return the windows of the training text, whose parts begin elsewhere in each epoch."""
        return Streams(self._enough("train", self.batch_size), self.batch_size, self.window, self.seed)

    def val_dataloader(self) -> Streams:
        """Return the windows of the validation text."""
        return self._measured("val")

    def test_dataloader(self) -> Streams:
        """Return the windows of the test text."""
        return self._measured("test")

    def predict_dataloader(self) -> Prompts:
        """Return the prompts of a user; see `Prompts` for the errors raised."""
        if self.inputs is None:
            raise ValueError(
                "nothing to continue: give --data.inputs FILE (a prompt on each line; - for standard input)"
            )
        codec = self.symbols.codec
        self._prompts = Prompts(self.inputs, codec.encode, codec.example, self.on_bad_line, tabs=True)
        return self._prompts

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Continue each prompt; what is drawn depends on its place in the input and on the seed."""
        assert batch.index is not None
        numbers = batch.index.tolist()
        drawn = sample(model, prompts(batch), numbers, self.sampling, self.symbols.unknown)
        asked = [self._prompts.asked.pop(number) for number in numbers]
        rows = [
            {"prompt": text, "continuation": self.symbols.codec.text(classes)}
            for text, classes in zip(asked, drawn, strict=True)
        ]
        return list(zip(numbers, rows, strict=True))

    def _shown(self, loader: Streams, index: int) -> dict[str, Any]:
        """Return what a window reads, as it can be typed: without what came before, which its loss knew."""
        return {"text": self.symbols.typed(loader.window(index)[:SHOWN])}

    def _measured(self, split: str) -> Streams:
        if split not in self._loaders:
            self._loaders[split] = Streams(
                self._enough(split, 1), 1 if self.dynamic_rate else EVAL_ROWS, self.window
            )
        return self._loaders[split]

    def _enough(self, split: str, rows: int) -> Tensor:
        """Return the text of a split, if it has a window for each row."""
        text, needed = self.text(split), rows * self.window + 1
        if len(text) < needed:
            raise ValueError(
                f"the {split} text has {len(text):,} {self.symbols.unit}s, and {rows} x {self.window} of a window"
                f" need {needed:,}: give more text, a smaller --data.window"
                + (", or a smaller --data.batch_size" if rows > 1 else "")
            )
        return text


def _joined(symbols: TextSymbols, parts: Sequence[str]) -> str:
    """Join the files of a split; a file of characters ends with a line feed."""
    if symbols.unit == "byte":
        return "".join(parts)
    return "".join(part if part.endswith("\n") or len(parts) == 1 else part + "\n" for part in parts)
