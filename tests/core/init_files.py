"""A file of each form that `seqtoolkit init` knows, written to a path."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

RANDOM = np.random.default_rng(0)
WORDS = "the sea was calm and the ship went home before the night came over the land again".split()


def sentence(number: int) -> str:
    return " ".join(np.random.default_rng(number).choice(WORDS, 8))


def wide(path: Path, groups: int = 1, rows: int = 120, **more: list[Any]) -> None:
    days = (
        pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 12, 31), "1h", eager=True)[
            :rows
        ].to_list()
        * groups
    )
    noise = RANDOM.normal(size=(2, rows * groups))
    columns = {"time": days, "load": noise[0].tolist(), "heat": noise[1].tolist(), **more}
    pl.DataFrame(columns).write_csv(path)


def forecast(path: Path) -> None:
    wide(path)


def grouped(path: Path) -> None:
    wide(path, 6, 40, machine=np.repeat([f"m{i}" for i in range(6)], 40).tolist())


def with_gaps(path: Path) -> None:
    wide(path)
    lines = path.read_text().splitlines()
    lines[20] = ",".join([*lines[20].split(",")[:2], ""])
    path.write_text("\n".join([*lines[:60], *lines[70:]]))


def by_group(path: Path) -> None:
    names = np.repeat([f"s{i:02d}" for i in range(30)], 10).tolist()
    wide(path, 30, 10, subject=names, activity=["walk" if int(name[1:]) % 2 else "run" for name in names])


def life(path: Path) -> None:
    wide(path, 6, 40, unit=np.repeat(range(1, 7), 40).tolist(), RUL=[float(n) for n in range(40, 0, -1)] * 6)


def long(path: Path) -> None:
    rows = [(t, name, t * 0.5 + k) for t in range(150) for k, name in enumerate(("a", "b"))]
    pl.DataFrame(rows, schema=["time", "sensor", "value"], orient="row").write_csv(path)


def parquet(path: Path) -> None:
    pl.DataFrame({"a": RANDOM.normal(size=200), "b": RANDOM.normal(size=200)}).write_parquet(path)


def ts(path: Path) -> None:
    for file in (path, path.with_name(path.name.replace("TRAIN", "TEST"))):
        head = "@problemName made\n@timeStamps false\n@classLabel true a b\n@data\n"
        rows = [
            f"{','.join(f'{v:.2f}' for v in RANDOM.normal(size=5 + n % 3))}:{'ab'[n % 2]}" for n in range(40)
        ]
        file.write_text(head + "\n".join(rows) + "\n")


def npz(path: Path) -> None:
    np.savez(
        path,
        x_train=RANDOM.normal(size=(40, 6, 2)),
        y_train=np.arange(40) % 2,
        x_test=RANDOM.normal(size=(9, 6, 2)),
        y_test=np.arange(9) % 2,
    )


def images(path: Path) -> None:
    np.savez(path, x=RANDOM.integers(0, 255, (60, 6, 6), dtype=np.uint8), y=np.arange(60) % 3)


def idx(path: Path) -> None:
    path.write_bytes(
        struct.pack(">HBBIII", 0, 8, 3, 60, 5, 5) + RANDOM.integers(0, 255, 1500, dtype=np.uint8).tobytes()
    )
    labels = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    labels.write_bytes(struct.pack(">HBBI", 0, 8, 1, 60) + bytes(n % 3 for n in range(60)))


def rolls(path: Path) -> None:
    arrays = {
        f"x_{split}": RANDOM.integers(0, 2, (8, 12, 5)).astype(np.float32)
        for split in ("train", "val", "test")
    }
    np.savez(path, **arrays)  # type: ignore[arg-type]


def pairs(path: Path) -> None:
    path.write_text("".join(f"{n}\t{str(n)[::-1]}\n" for n in range(300, 700)))


def labelled_csv(path: Path) -> None:
    path.write_text(
        "text,label\n" + "".join(f'"{sentence(n)}, {n}",{"good" if n % 2 else "bad"}\n' for n in range(200))
    )


def labelled_with_commas(path: Path) -> None:
    """Texts of no, one, two or three commas, all inside quotes."""
    lines = [f'"{sentence(n)}{", again" * (n % 4)}",{"good" if n % 2 else "bad"}\n' for n in range(200)]
    path.write_text("text,label\n" + "".join(lines))


def one_column(path: Path) -> None:
    path.write_text("load\n" + "".join(f"{value:.3f}\n" for value in RANDOM.normal(size=300)))


def labelled_tsv(path: Path) -> None:
    path.write_text("label\tsentence\n" + "".join(f"{n % 3}\t{sentence(n)}\n" for n in range(200)))


def json_lines(path: Path) -> None:
    rows = [{"id": n, "body": sentence(n), "class": "xyz"[n % 3]} for n in range(200)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def text(path: Path) -> None:
    path.write_text("\n".join(sentence(n) for n in range(100)))


def folder_of_texts(path: Path) -> None:
    path.mkdir()
    for number in range(5):
        (path / f"{number}.txt").write_text("\n".join(sentence(number * 50 + n) for n in range(50)))


def folder_of_classes(path: Path) -> None:
    for number in range(60):
        (path / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        (path / "ab"[number % 2] / f"{number}.txt").write_text(sentence(number) + f" {number}")


def tags(path: Path) -> None:
    rows = [[f"{word} {'NV'[len(word) % 2]}" for word in sentence(n).split()] for n in range(80)]
    path.write_text("\n\n".join("\n".join(row) for row in rows) + "\n")


def universal(path: Path) -> None:
    def line(n: int, word: str) -> str:
        return f"{n}\t{word}\t_\t{'NV'[len(word) % 2]}\t_\t_\t_\t_\t_\t_"

    rows = [["# sent_id", *(line(n, w) for n, w in enumerate(sentence(k).split(), 1))] for k in range(80)]
    path.write_text("\n\n".join("\n".join(row) for row in rows) + "\n")
