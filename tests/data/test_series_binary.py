"""Numbers that are none in Parquet are missing, infinite ones are refused; a CSV may be as broad as a Parquet file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seqtoolkit.data.series import SeriesData


def saved(folder: Path, value: float | None, row: int = 6) -> str:
    load = [float(n % 7) for n in range(40)]
    cells = [value if n == row else one for n, one in enumerate(load)]
    path = folder / "x.parquet"
    pl.DataFrame({"load": load, "heat": pl.Series(cells, dtype=pl.Float64)}).write_parquet(path)
    return str(path)


@pytest.mark.parametrize("value", [float("nan"), None])
def test_nan_in_parquet_is_a_missing_value(value: float | None, tmp_path: Path) -> None:
    path = saved(tmp_path, value)
    with pytest.raises(
        ValueError, match=r"x.parquet, row 7: channel 'heat' has no value. Fill it in, or choose"
    ):
        SeriesData(path, shares=(1, 1, 0))
    data = SeriesData(path, shares=(1, 1, 0), missing="mask")
    assert data.spec["num_features"] == 3
    assert data.spec["inputs"]["missing"][:2] == [0, 1 / 20]


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinity_in_parquet_is_refused(value: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"x.parquet, row 7: column 'heat' is infinite; expected a finite"):
        SeriesData(saved(tmp_path, value), shares=(1, 1, 0), missing="mask")


def test_ten_thousand_columns_of_a_csv(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(10_000)]
    values = np.random.default_rng(0).standard_normal((12, len(names)))
    pl.DataFrame(values, schema=names).write_csv(tmp_path / "broad.csv")
    data = SeriesData(str(tmp_path / "broad.csv"), task="next", window=4, shares=(2, 1, 0))
    assert data.spec["inputs"]["channels"] == names
    np.testing.assert_allclose(data.spec["inputs"]["center"], values[:8].mean(0), atol=1e-6)
