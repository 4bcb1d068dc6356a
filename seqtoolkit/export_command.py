"""`seqtoolkit export`: write a trained model as programs that are served without seqtoolkit, checked equal to it."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtoolkit.data.opened import sha256_of
from seqtoolkit.files import write_json
from seqtoolkit.retention_options import Parser

if TYPE_CHECKING:
    from seqtoolkit.checkpoint import Checkpoint

SCHEMA = 1


def main(argv: list[str]) -> int:
    """Export a checkpoint, or the best one of a run; models with an encoder, too."""
    try:
        options = _parser().parse_args(argv)
        print(export(options.path, options.output, options.format))
    except (ValueError, OSError) as error:
        print(f"seqtoolkit export: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def export(path: Path, output: Path | None, format: str) -> str:
    """Write the folder, whole or not at all, and say what is in it.

    Raises ValueError: there is no checkpoint, the model cannot be exported or differs, or the folder is there already.
    """
    from seqtoolkit import checkpoint as checkpoints
    from seqtoolkit.runs import find_checkpoint

    file = find_checkpoint(path)
    checkpoint = checkpoints.load(file)
    folder = output or file.resolve().parent.parent / f"export-{file.stem}-{format}"
    if folder.exists():
        raise ValueError(f"{folder} is there already: remove it, or choose another --output")
    if not folder.absolute().parent.is_dir():
        raise ValueError(f"--output {folder}: expected a folder inside one that exists")
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.absolute().parent))
    try:
        apart = _write(checkpoint, temporary, format)
        temporary.chmod(0o755)
        temporary.replace(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    made = f"first and next step of {checkpoint.described}, {format}"
    return f"{folder}: {made}; differs from the checkpoint by {apart:.1e}"


def _write(checkpoint: Checkpoint, folder: Path, format: str) -> float:
    """Write the programs, read them again, and compare them with the model."""
    from seqtoolkit.export import TOLERANCE

    exporter = _exporters(checkpoint)[0]
    made = exporter.programs(checkpoint)
    if format == "onnx":
        from seqtoolkit.export_onnx import opened, save
    else:
        from seqtoolkit.export_torch import opened, save
    files = {name: save(program, folder, name) for name, program in made.items()}
    first, later = (opened(folder / files[name]) for name in ("first", "next"))
    apart: float = exporter.difference(checkpoint, first, later)
    if not apart <= TOLERANCE:
        raise ValueError(
            f"the exported {checkpoint.described} differs from the checkpoint's model by {apart:.1e} of the"
            f" largest value, more than {TOLERANCE:.0e}; nothing is written. Steps that depend on how many there"
            " were, as with a window of attention, cannot be exported"
        )
    write_json(folder / "model.json", _manifest(checkpoint, files, apart))
    return apart


def _manifest(checkpoint: Checkpoint, files: dict[str, str], apart: float) -> dict[str, Any]:
    """Say what the programs are, what goes in, what comes out, and where they come from."""
    return {
        "schema": SCHEMA,
        "model": str(checkpoint.described),
        "files": files,
        **_exporters(checkpoint)[1].layout(checkpoint),
        "spec": checkpoint.described.spec,
        "difference": apart,
        "checkpoint_sha256": sha256_of(str(checkpoint.path), "a checkpoint"),
        "step": checkpoint.step,
        "versions": {name: version(name) for name in ("seqtoolkit", "torch")},
    }


def _exporters(checkpoint: Checkpoint) -> tuple[Any, Any]:
    """Return the modules that export a model, and that say how: models with an encoder have their own."""
    from seqtoolkit import export, export_layout, export_pairs, export_pairs_layout
    from seqtoolkit.encoder_decoder import EncoderDecoder

    if isinstance(checkpoint.model, EncoderDecoder):
        return export_pairs, export_pairs_layout
    return export, export_layout


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="seqtoolkit export", description=main.__doc__)
    add: Any = parser.add_argument
    add("path", type=Path, help="a run folder, or a checkpoint")
    add("--output", type=Path, help="the new folder; by default inside the run")
    add("--format", choices=("torch", "onnx"), default="torch", help="torch.export (the default) or ONNX")
    return parser
