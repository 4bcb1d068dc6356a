"""What the libraries of training say of themselves is left out; what they say of the user's run stays."""

from __future__ import annotations

import logging
import warnings

LOGGERS = ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.seed")
BEGINNINGS = ("GPU available", "TPU available", "HPU available", "\U0001f4a1", "Seed set")
WARNINGS = (".*LeafSpec.*", "Checkpoint directory .* exists and is not empty", "Couldn't infer the batch")


def silence_notices() -> None:
    """Leave them out in this process."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_of_the_run)
    for notice in WARNINGS:
        warnings.filterwarnings("ignore", message=notice)


def _of_the_run(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(BEGINNINGS)
