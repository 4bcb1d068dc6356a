"""Numbers of labelled series: large ones keep their small changes, and channels that never change are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtoolkit.data.labelled.holdout import hold_out
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.labelled_series import LabelledSeriesData

EPOCH = 1.7e9  # seconds since 1970: single precision has steps of 128 there
RANDOM = np.random.default_rng(0)


def stamps(kind: Any = np.float64) -> np.ndarray:
    return (EPOCH + RANDOM.permutation(20 * 6).reshape(20, 6, 1)).astype(kind)


@pytest.mark.parametrize("ending", ["npz", "ts"])
@pytest.mark.parametrize("kind", [np.float64, np.int64])
def test_small_changes_of_large_numbers_survive(ending: str, kind: Any, tmp_path: Path) -> None:
    x, y, path = stamps(kind), np.arange(20) % 2, tmp_path / f"x.{ending}"
    if ending == "npz":
        np.savez(path, x=x, y=y)
    else:
        rows = [",".join(map(str, one[:, 0].tolist())) + f":{label}" for one, label in zip(x, y, strict=True)]
        path.write_text("\n".join(["@classLabel true 0 1", "@data", *rows, ""]))
    data = LabelledSeriesData(str(path), str(path))
    read = data.form.examples(data.sequences("val")).inputs.double().numpy()
    values = x.reshape(-1, 1).astype(np.float64)
    np.testing.assert_allclose(read, (values - values.mean()) / values.std(), atol=1e-5)


def test_what_is_shown_of_large_numbers_keeps_their_small_changes(tmp_path: Path) -> None:
    """Six digits of a time stamp are those of a fortnight: all that a model reads would look alike."""
    x, path = stamps(), tmp_path / "x.npz"
    np.savez(path, x=x, y=EPOCH + np.arange(20.0))
    data = LabelledSeriesData(str(path), str(path))
    metric: Any = data.metrics("val")["quality"]
    assert metric.show(3) == {"past": {"1": x[3, :, 0].tolist()}}
    batch = next(iter(data.val_dataloader()))
    metric.update(None, batch, batch.targets[batch.mask] * 0.0)  # the mean of training is answered
    first, *_ = (record for record in metric.records(metric.compute()) if record.probe == "examples")
    assert (first.truth, first.answer) == (f"{EPOCH + first.index:.0f}", f"{EPOCH + 9.5:.1f}")


def test_series_that_are_equal_in_single_precision_are_held_out_in_any_order() -> None:
    x = EPOCH + (stamps() - EPOCH) / 10  # less than one step of single precision
    found = Sequences("x", np.full(20, 6), x.reshape(-1, 1), ("a",), ("p", "q") * 10)
    order = RANDOM.permutation(20)
    held = {found.series(row).tobytes() for row in hold_out(found, 0.3, 0)[1]}
    other = found.take(order)
    assert {other.series(row).tobytes() for row in hold_out(other, 0.3, 0)[1]} == held


def test_a_constant_channel_is_refused_or_kept(tmp_path: Path) -> None:
    x, path = RANDOM.normal(size=(20, 5, 3)), tmp_path / "x.npz"
    x[..., 1] = 7
    np.savez(path, x=x, y=np.arange(20) % 2)
    with pytest.raises(
        ValueError, match=r"x.npz: channel '2' is 7 in all training series \(1 such channels\)"
    ):
        LabelledSeriesData(str(path))
    assert LabelledSeriesData(str(path), constant="keep").spec["num_features"] == 3


def test_what_single_precision_cannot_hold_is_refused(tmp_path: Path) -> None:
    x, path = RANDOM.normal(size=(20, 5, 3)), tmp_path / "x.npz"
    x[3, 2, 1] = 1e99
    np.savez(path, x=x, y=np.arange(20) % 2)
    with pytest.raises(
        ValueError, match=r"row 4: channel '2' is 1e\+99, too large .* at step 3; expected fin"
    ):
        LabelledSeriesData(str(path))
