"""Options of `test` and `predict` that say how a model answers, and where the answers go."""

from __future__ import annotations

from typing import Literal

from jsonargparse.typing import NonNegativeFloat, PositiveInt
from lightning.pytorch.cli import LightningArgumentParser


def add_answers(parser: LightningArgumentParser, subcommand: str) -> None:
    """Add to the parser of a command the options that it has."""
    if subcommand in ("test", "predict"):
        parser.add_argument("--beams", type=PositiveInt, default=1, help="Beams of the search; 1 is greedy.")
        parser.add_argument(
            "--length_penalty",
            type=NonNegativeFloat,
            default=1.0,
            help="Of beam search: 0 compares log probabilities as they are, more favours longer answers.",
        )
    if subcommand == "predict":
        parser.add_argument(
            "--n_best", type=PositiveInt, default=1, help="Answers to each input, with their scores."
        )
        parser.add_argument("--output", type=str, default="-", help="File to write; - for standard output.")
        parser.add_argument(
            "--format", type=Literal["tsv", "jsonl"], default="tsv", help="tsv or JSON lines."
        )
        parser.add_argument(
            "--stream", action="store_true", help="Answer each row of a CSV as it comes, on the CPU."
        )
