"""Japanese Vowels (Kudo, Toyama & Shimbo 1999; UCI, CC BY 4.0, see vowels.LICENSE): who of nine men says /ae/?

Made from files inside the PyPI package aeon 1.6.0 (whose code is not used):
    pip download --no-deps aeon==1.6.0 && unzip -p aeon-*.whl aeon/datasets/data/JapaneseVowels/JapaneseVowels_TRAIN.ts
    | xz -9e > vowels_train.ts.xz, and likewise JapaneseVowels_TEST.ts
"""

from __future__ import annotations

from pathlib import Path

from seqtoolkit.data.labelled.base import LabelledData
from seqtoolkit.data.labelled.files import read_labelled
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.shipped import check_shipped

SHA256 = {
    "train": "54eedcaea118cd7c5517b2937dd36dab85174ff29d967ee163694a3456575d51",
    "test": "1b2e51722075efdf5cd0514417ee5288c3a484c749f41a070b21c8fb4d3b24bf",
}


class VowelsData(LabelledData):
    """Japanese Vowels: 12 LPC cepstrum coefficients in 7 to 29 frames of /ae/, said by one of nine men.

    270 series, 30 of each man, are for training, of which a share is held out for validation; 370 are the test. The
    data is shipped.

    Args:
        val_share: of each man's training series, chosen by a hash of the series and the seed
        noise: standard deviation of what is added to each scaled channel in training, anew in every epoch
        batch_size: training series in a batch, over all processes together
        seed: of the validation split and the order of the training batches
        inputs: what `predict` reads: a .ts or .npz file of 12 channels, or - for .ts on standard input
        spec_of: a checkpoint whose scaling is used, instead of that of the training series
    """

    task = "vowels"

    def __init__(
        self,
        val_share: float = 0.2,
        noise: float = 0.0,
        batch_size: int = 16,
        seed: int = 0,
        inputs: str | None = None,
        spec_of: str | None = None,
    ) -> None:
        super().__init__(batch_size, val_share, noise, seed, inputs)
        self.specify(spec_of)

    def given(self, split: str) -> Sequences | None:
        """Read what was shipped."""
        return vowels(split) if split in SHA256 else None

    def typed(self, inputs: str) -> Sequences:
        """Read what a user wants answers for."""
        return read_labelled(inputs)


def vowels(split: str) -> Sequences:
    """Return the "train" or "test" series. Raises ValueError when a file is not the one that was shipped."""
    return read_labelled(check_shipped(Path(__file__).with_name(f"vowels_{split}.ts.xz"), SHA256[split]))
