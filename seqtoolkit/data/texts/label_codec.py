"""The codec of a task whose answers are labels: symbols are of the training texts, classes of the training labels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from seqtoolkit.checkpoint import described
from seqtoolkit.codec import Codec


def check_labels(labels: Iterable[str], where: str, what: str = "label") -> tuple[str, ...]:
    """Return the different labels of training, in order.

    Raises ValueError when there are not at least two.
    """
    found = tuple(sorted(set(labels)))
    if len(found) < 2:
        raise ValueError(
            f"{where}: every training example has the {what} {found[0]!r:.80}, so there is nothing to learn;"
            f" expected at least two {what}s"
        )
    return found


def label_codec_of(path: Path, task: str, kind: str) -> Codec:
    """Read the codec of a checkpoint, which may hold anything.

    Raises ValueError that names the file.
    """
    spec = described(path).spec
    if spec.get("task") != task:
        raise ValueError(f"{path} is of the task {spec.get('task')!r:.80}; expected one of {kind}")
    try:
        codec = Codec.from_dict(spec.get("codec"))
    except ValueError as error:
        raise ValueError(f"{path}: its codec is wrong: {error}") from None
    if not codec.labels or not codec.unknown:
        raise ValueError(f"{path}: its codec has no labels, or no unknown symbol; expected one of {kind}")
    return codec
