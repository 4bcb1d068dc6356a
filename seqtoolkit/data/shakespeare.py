"""Shakespeare: a language model of nine plays, measured on others."""

from __future__ import annotations

from seqtoolkit.data.lines import OnBadLine
from seqtoolkit.data.texts.base import LanguageData
from seqtoolkit.data.texts.plays import plays, split_plays
from seqtoolkit.data.texts.symbols import TextSymbols, Unit


class ShakespeareData(LanguageData):
    """Twelve plays, 1.5 million characters: nine for training, one for validation, two for the test.

    Which play is in which split is decided by the sha256 of its title: validation is The Tempest, the test is The
    Taming of the Shrew and Twelfth Night. None of their characters' names need occur in training.

    Args:
        unit: what a symbol is: character or byte
        window: symbols that are learned from at once; the state is carried on to the next window
        batch_size: parts of the training text that are read at the same time
        seed: of where the parts begin, and of what `predict` draws
        inputs: what `predict` continues: a file of one prompt a line, or - for standard input
        on_bad_line: of what `predict` reads: error stops at a line that cannot be used; skip leaves it out, and counts
        length: symbols that `predict` draws after each prompt
        temperature: by which `predict` divides the scores; 0 takes the likeliest symbol
        top_k: of how many of the likeliest symbols `predict` draws; all when null
        dynamic_rate: rate at which a copy of the model learns from the text of `validate` or `test`, after each window
            was predicted (dynamic evaluation); 0 for none
    """

    def __init__(
        self,
        unit: Unit = "character",
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
        super().__init__(
            window, batch_size, seed, inputs, on_bad_line, length, temperature, top_k, dynamic_rate
        )
        texts = {split: [plays()[title] for title in titles] for split, titles in split_plays().items()}
        self.specify("shakespeare", TextSymbols.of(unit, texts["train"]), texts, plays=split_plays())
