"""A file that is another one than in training is noted, whatever reads it; the same one is not."""

from __future__ import annotations

import struct
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from seqtoolkit.cli import main
from seqtoolkit.data.labelled.image_files import digests_of

MODEL = "--model.arch gru --model.d_model 8 --model.num_layers 1".split()
QUIET = "--trainer.enable_progress_bar false --trainer.log_every_n_steps 1".split()
Write = Callable[[Path, bool], None]  # the file of a path; another one, of the same size and kind, when True


def ts(path: Path, other: bool) -> None:
    rows = [f"{i},{i % 3},{i + other}:{'ab'[i % 2]}" for i in range(12)]
    path.write_text("\n".join(["@classLabel true a b", "@data", *rows, ""]))


def prose(path: Path, other: bool) -> None:
    path.write_text("the cat sat on the mat. " * 600 + ("a tame cat." if other else "a cat met a."))


def folder(path: Path, other: bool) -> None:
    path.mkdir(exist_ok=True)
    for name, number in (("a", 400), ("b", 300), ("c", 200 + other)):
        (path / f"{name}.txt").write_text(f"{name} cat sat on the mat. " * number)


def classes(path: Path, other: bool) -> None:
    rows = [f"a {word} film{i if i else 'x' * other}\t{label}" for i in range(20) for word, label in
            (("good", "up"), ("bad", "down"))]  # fmt: skip
    path.write_text("\n".join(["text\tlabel", *rows, ""]))


def class_folders(path: Path, other: bool) -> None:
    """Another one: a text has another class."""
    for i in range(60):
        label = "up" if i % 2 or (other and not i) else "down"
        (path / label).mkdir(parents=True, exist_ok=True)
        (path / label / f"{i}.txt").write_text(f"a film{i} {'good' if i % 2 else 'bad'}")
    if other:
        (path / "down" / "0.txt").unlink()


def conll(path: Path, other: bool) -> None:
    sentences = [f"Dogs{i % 7} N\nbark{i} V\noften A\n" for i in range(60 + other)]
    path.write_text("\n".join(sentences))


def pairs(path: Path, other: bool) -> None:
    words = ["".join("abc"[i // 3**k % 3] for k in range(4)) for i in range(60 + other)]
    path.write_text("".join(f"{word}\t{word[::-1]}\n" for word in words))


def rolls(path: Path, other: bool) -> None:
    x = (np.random.default_rng(0).random((8, 6, 3)) < 0.5).astype(np.uint8)
    x[-1, -1, -1] ^= other
    np.savez(path, x=x, lengths=np.full(8, 6))


def images(path: Path, other: bool) -> None:
    x = np.random.default_rng(0).integers(0, 9, (20, 3, 4)).astype(np.uint8)
    x[-1, -1, -1] += other
    np.savez(path, x=x, y=np.arange(20) % 2)


def idx(path: Path, other: bool) -> None:
    """The labels are in a file of their own; another one: only those are others."""
    path.write_bytes(struct.pack(">HBBIII", 0, 8, 3, 20, 3, 4) + bytes(range(240)))
    labels = bytes([(i + other) % 2 for i in range(20)])
    path.with_name("train-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, 20) + labels)


CASES: dict[str, tuple[str, str, Write, tuple[str, ...]]] = {
    "LabelledSeriesData": ("LabelledSeriesData", "a.ts", ts, ("train", "test")),
    "TextData": ("TextData", "a.txt", prose, ("file",)),
    "TextData of a folder": ("TextData", "texts", folder, ("train", "val")),
    "LabelledTextData": ("LabelledTextData", "a.tsv", classes, ("file",)),
    "LabelledTextData of a folder": ("LabelledTextData", "films", class_folders, ("file",)),
    "TaggedData": ("TaggedData", "a.conll", conll, ("file",)),
    "PairsData": ("PairsData", "a.tsv", pairs, ("file",)),
    "RollData": ("RollData", "a.npz", rolls, ("train", "val")),
    "ImageRowsData of IDX": ("ImageRowsData", "train-images-idx3-ubyte", idx, ("train",)),
    "ImageRowsData": ("ImageRowsData", "a.npz", images, ("train",)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_changed_file_is_noted(case: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data, name, write, options = CASES[case]
    write(tmp_path / name, False)
    given = [word for option in options for word in (f"--data.{option}", str(tmp_path / name))]
    run = tmp_path / "run"
    fit = ["fit", "--data", data, *given, *MODEL, "--run", str(run), "--trainer.max_steps", "1", *QUIET]
    assert main(fit) == 0
    again = ["validate", "--ckpt_path", str(run / "checkpoints" / "last.ckpt"), *QUIET]
    assert main(again) == 0
    assert "has changed since" not in capfd.readouterr().err
    write(tmp_path / name, True)
    assert main(again) == 0
    said = capfd.readouterr().err
    for option in options:
        part = " (labels)" if write is idx else ""
        assert f"note: the file of --data.{option}{part} has changed since {run}" in said


def test_the_images_of_an_idx_file_are_known_by_their_own_digest(tmp_path: Path) -> None:
    """As they are in checkpoints that noted no labels: the same file is not taken for a changed one."""
    path = tmp_path / "train-images-idx3-ubyte"
    idx(path, False)
    digests = digests_of("train", str(path))
    idx(path, True)
    assert (
        digests["train"] == sha256(path.read_bytes()).hexdigest() == digests_of("train", str(path))["train"]
    )
    assert digests["train (labels)"] != digests_of("train", str(path))["train (labels)"]
