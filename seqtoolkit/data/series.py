"""Series from tables: forecasts, next steps, values and classes of channels that change over time."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal, cast

from seqtoolkit.batch import Batch
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.shares import check_paths, check_shares
from seqtoolkit.data.tabular.columns import Form, Task
from seqtoolkit.data.tabular.examples import SeriesExamples
from seqtoolkit.data.tabular.fit import FILES, fit_series, fitted_before, plan_before
from seqtoolkit.data.tabular.inputs import SeriesInputs
from seqtoolkit.data.tabular.metrics import SplitMetrics
from seqtoolkit.data.tabular.missing import Missing, Unseen
from seqtoolkit.data.tabular.options import check_numbers, check_plan, check_task
from seqtoolkit.data.tabular.order import Gaps
from seqtoolkit.data.tabular.parts import SeriesParts
from seqtoolkit.data.tabular.plan import At
from seqtoolkit.data.tabular.scaling import Constant
from seqtoolkit.data.tabular.spec import refuse_other_splits, series_spec
from seqtoolkit.data.tabular.splits import SplitBy
from seqtoolkit.data.tabular.stream import SeriesStream
from seqtoolkit.losses import check_quantiles

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel
    from seqtoolkit.data.tabular.row_lines import RowLines

EVAL_STEPS = 16_384  # of a batch: no gradients are kept
EVAL_VALUES = 8_000_000  # in a batch: read and asked


class SeriesData(SequenceData):
    """Series of channels over time, from CSV, Parquet or Arrow files.

    Wide form: a row for each time step, a column for each channel. Long form: a line for each value, with the
    columns of time, group, channel name and value. Rows of a group are in the order of time.

    Tasks: `forecast` of channels, `horizon` steps ahead from every step; `next`, the next step of all channels;
    `regression`, values of the same step that are not read; `classification`, the class of a step or of a group.

    Values are scaled by mean and standard deviation of the training rows; predictions are in the file's units.

    Args:
        file: one table, divided into training, validation and test by `split`
        train: a table of training rows, instead of `file`; then `val` is needed, and for a test, `test`
        val: a table of validation rows
        test: a table of test rows
        task: forecast, next, regression or classification
        time: the column of time stamps, numbers or dates; without one, rows are one step apart
        group: the column that tells series apart (a machine, a subject); without one, all rows are one series
        channels: the columns of numbers that are read; by default all that are nothing else
        categorical: columns of texts that are read, one-hot
        targets: what is asked for: channels (forecast; by default all), columns of values (regression), or one column
            of labels (classification)
        at: whether every `step` is asked for its value or class, or only the `end` of each group; by default the end
            for classes of groups
        horizon: steps of a forecast
        quantiles: levels such as [0.1, 0.5, 0.9], for a probabilistic forecast or regression
        loss: of values without quantiles: mse or mae
        form: wide or long
        name: in long form, the column of channel names
        value: in long form, the column of values
        time_format: how dates are written, such as %d/%m/%Y, where that is not found out
        missing: cells without a value: error; forward (the last one known before); mask (likewise, and a channel that
            says which were known). Targets without a value are not in the loss
        unseen: texts of a categorical column that training rows do not have: error, or unknown (none of the known ones)
        gaps: missing rows between regular time stamps: error; split (no window reaches across); ignore
        constant: channels with one value in all training rows: error, or drop
        short: groups of one row, which cannot be forecast: error, or skip
        window: steps that are read at most, 256 by default; whole groups where only their end is asked
        history: steps before the first answer in a window of validation or test; by default half a window, and more
            where that makes 64 windows
        stride: steps between training windows; by default a window, so that each step is read once in an epoch
        season: steps of a season, for the seasonal naive baseline; by default guessed from training rows
        split: how `file` is divided: time (the test comes last), group (whole groups), hash (whole groups, each by its
            own name alone); by default group where only the end of groups is asked, else time
        shares: of training, validation and test in `file`
        batch_size: windows in a training batch, over all processes together
        seed: of the order and the places of training windows
        inputs: what `predict` reads: a table with the same channels, or - for standard input
        spec_of: a checkpoint whose columns, scaling and classes are used, instead of those of the training rows
    """

    files = FILES

    def __init__(
        self,
        file: str | None = None,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        task: Task = "forecast",
        time: str | None = None,
        group: str | None = None,
        channels: list[str] | None = None,
        categorical: list[str] | None = None,
        targets: list[str] | None = None,
        at: At | None = None,
        horizon: int = 1,
        quantiles: list[float] | None = None,
        loss: Literal["mse", "mae"] = "mse",
        form: Form = "wide",
        name: str = "name",
        value: str = "value",
        time_format: str | None = None,
        missing: Missing = "error",
        unseen: Unseen = "error",
        gaps: Gaps = "error",
        constant: Constant = "error",
        short: Literal["error", "skip"] = "error",
        window: int | None = None,
        history: int | None = None,
        stride: int | None = None,
        season: int | None = None,
        split: SplitBy | None = None,
        shares: tuple[float, float, float] = (0.8, 0.1, 0.1),
        batch_size: int = 32,
        seed: int = 0,
        inputs: str | None = None,
        spec_of: str | None = None,
    ) -> None:
        super().__init__()
        options = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        check_paths({name: options[name] for name in FILES}, "table", known=spec_of is not None)
        check_shares(shares)
        check_numbers(options)
        check_task(options)
        if quantiles is not None:
            check_quantiles(quantiles)
        self.options, self.batch_size, self.seed, self.inputs = options, batch_size, seed, inputs
        if spec_of is None:
            self.fitted = fit_series(options)
            self.spec = series_spec(self.fitted, options)
        else:
            plan, spec = plan_before(options)
            check_plan(
                options, {p.name: p.default for p in inspect.signature(SeriesData).parameters.values()}, plan
            )
            self.fitted = fitted_before(options, plan, spec.get("classes", []))
            refuse_other_splits(spec_of, spec, self.fitted)
            self.spec = {**spec, "files": self.fitted.digests or spec.get("files", {})}
        self.plan, self._parts = self.fitted.plan, SeriesParts(self.fitted, options)

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return errors or accuracies, with the baselines that a model must beat, and examples to look at."""
        return SplitMetrics(
            self.fitted, self.spec, split, self.examples(split), self.examples("train")
        ).metrics()

    def train_dataloader(self) -> Batches:
        """Return the shuffled training windows, at other places in every epoch."""
        examples = self.examples("train")
        redraw = None if self.plan.at == "end" else cast(Any, self._parts.moved)
        return Batches(cast(Examples, examples), None, self.seed, redraw, rows=self.batch_size)

    def val_dataloader(self) -> Batches:
        """Return the windows of validation."""
        return self._measured("val")

    def test_dataloader(self) -> Batches:
        """Return the windows of the test."""
        return self._measured("test")

    def predict_dataloader(self) -> SeriesInputs:
        """Return a user's windows; raises ValueError that names what is wrong with the rows."""
        if self.inputs is None:
            raise ValueError(
                "nothing to predict: give --data.inputs TABLE (CSV, Parquet, Arrow; - for standard input)"
            )
        self._inputs = SeriesInputs(self.inputs, self.plan, self.spec, self._parts.history)
        return self._inputs

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Return the forecasts, values or classes of a batch, in the user's units."""
        return self._inputs.predictions(model, batch)

    def stream(self, lines: RowLines) -> SeriesStream:
        """Return what answers the rows of a table in wide form one by one."""
        return SeriesStream(lines.name, lines.names, self.plan, self.spec, self._parts.history)

    def examples(self, split: str) -> SeriesExamples:
        """Return the windows of a split; raises ValueError when it has none."""
        return self._parts.examples(split)

    def _measured(self, split: str) -> Batches:
        examples = self.examples(split)
        width = examples.rows.values.shape[1] + self.spec["num_classes"]
        longest = int(examples.lengths.max())
        steps = max(longest, min(EVAL_STEPS, EVAL_VALUES // width))
        return Batches(cast(Examples, examples), steps)
