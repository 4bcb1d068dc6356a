"""The command line: each command is imported only when it is called, so that a glance costs nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points, version

USAGE = """usage: seqtoolkit COMMAND [options]

begin
  init       look at a file of yours, and write a configuration that trains on it:   seqtoolkit init my.csv

train and use a model (`seqtoolkit fit --help` for the options of each)
  fit        train:            seqtoolkit fit --config configs/g2p.yaml --model.arch lstm --run runs/mine
  validate   measure it:       seqtoolkit validate --ckpt_path runs/mine/checkpoints/best.ckpt
  test       the same, once, on the test split
  predict    use it:           seqtoolkit predict --ckpt_path runs/mine/checkpoints/best.ckpt --data.words words.txt

measure
  retention  how far back it remembers:   seqtoolkit retention runs/mine
  compare    which architecture serves your data:
             seqtoolkit compare --config configs/g2p.yaml --architectures rnn,lstm,gru,attention --seeds 3

serve
  export     as a program of torch.export or ONNX:   seqtoolkit export runs/mine

look
  runs       print the runs of a folder as a table:   seqtoolkit runs runs/
  plugins    list the architectures and attentions that are installed; --name NAME explains one
  check      test one of them against the laws:       seqtoolkit check lstm
"""
TRAINING = ("fit", "validate", "test", "predict")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 well, 1 it failed, 2 it was asked wrongly."""
    argv = sys.argv[1:] if argv is None else argv
    # OpenMP's idle threads spin by default; beside any other busy process that makes a step far slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    name, rest = (argv[0], argv[1:]) if argv else ("--help", [])
    if name in ("-h", "--help"):
        others = [f"  {name:<10} `seqtoolkit {name} --help` explains\n" for name in _commands()]
        print(USAGE + "".join(others), end="")
        return 0
    if name == "--version":
        print(f"seqtoolkit {version('seqtoolkit')}")
        return 0
    command = _find(name)
    if command is None:
        ours = ("init", "retention", "compare", "export", "runs", "plugins", "check")
        known = [*TRAINING, *ours, *_commands()]
        print(f"seqtoolkit: no command {name!r}; expected one of {', '.join(known)}", file=sys.stderr)
        return 2
    try:
        return command(argv if name in TRAINING else rest)
    except KeyboardInterrupt:
        return 130


def _find(name: str) -> Callable[[list[str]], int] | None:
    if name in TRAINING:
        from seqtoolkit.training_cli import main as command
    elif name == "init":
        from seqtoolkit.init.command import main as command
    elif name == "retention":
        from seqtoolkit.retention_command import main as command
    elif name == "compare":
        from seqtoolkit.compare.command import main as command
    elif name == "export":
        from seqtoolkit.export_command import main as command
    elif name == "runs":
        from seqtoolkit.runs_command import main as command
    elif name == "plugins":
        from seqtoolkit.plugins_command import plugins_main as command
    elif name == "check":
        from seqtoolkit.plugins_command import check_main as command
    elif name in _commands():
        command = _commands()[name].load()
    else:
        return None
    return command


def _commands() -> dict[str, EntryPoint]:
    """Return the commands that other packages bring, by name."""
    return {entry.name: entry for entry in sorted(entry_points(group="seqtoolkit.commands"))}
