"""The names that error rates of pronunciations go by."""

from __future__ import annotations

from torch import Tensor

from seqtoolkit.data.pairing.answers import Answers


class PhonemeErrors(Answers):
    """Answers with `per`, the edits a phoneme of the nearest pronunciation, and `wer`, the share of wrong words."""

    def compute(self) -> dict[str, Tensor]:
        """Return `per` and `wer` beside the measures that every task has."""
        values = super().compute()
        return {**values, "per": values["error_rate"], "wer": 1 - values["sequence_accuracy"]}
