"""State of all series of one detector, and their way through closed buckets."""

from __future__ import annotations

from typing import Any

import numpy as np

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.functions import Function
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.models.detector_model import Array, Stepped
from sidecar.engine.models.findings import DETECTOR_WIDTH, FINDING_WIDTH, PLOT_WIDTH
from sidecar.engine.models.growing import capacity_for, enlarged
from sidecar.engine.models.series.buckets import SMALL, step_buckets
from sidecar.engine.models.series.found_period import PERIOD_WIDTH
from sidecar.engine.models.series.layout import (
    CLOCK_OFFSET,
    COARSE_BINS,
    COLUMNS,
    COUNT,
    DAY_SLOT,
    LAGS,
    LAST_TIME,
    RICH_WIDTH,
    SIDE_HIGH,
    SKETCH_WIDTH,
    WEEK_SLOT,
    fresh_rows,
    model_settings,
)
from sidecar.engine.models.series.shape_pools import ShapePools
from sidecar.engine.models.series.windows import RING
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules

# Series of a detector up to which all of them get the richer features.
RICH_SERIES = 24
# Records of one detector in one bucket.
MAX_FINDINGS = 500
# Rows of output that one kernel call may fill.
_OUTPUT_ROWS = 1 << 15

_ARRAYS = ("rows", "sketches", "coarse", "rich_sketches", "window_values", "window_sums", "periods")


class SeriesTable:
    """Struct of arrays, first axis series (and feature), grown by doubling."""

    def __init__(self, function: Function, span_s: int) -> None:
        self._settings = model_settings(function, span_s, rich_series=RICH_SERIES)
        # Of a partial bucket a low count or sum says nothing yet.
        self._partial_side = SIDE_HIGH if function.only_grows else None
        self._series = 0
        self._keeps_rich = True
        self._pools = ShapePools(self._settings.day_bins, self._settings.week_bins)
        self._allocate(0, 0)

    def _allocate(self, capacity: int, rich: int) -> None:
        coarse_bins = COARSE_BINS if self._settings.week_bins else 0
        self._rows = fresh_rows(capacity)
        self._sketches = np.zeros((capacity, SKETCH_WIDTH), dtype=np.float32)
        self._coarse = np.zeros((capacity, coarse_bins), dtype=np.float32)
        self._rich_sketches = np.zeros((rich, RICH_WIDTH), dtype=np.float32)
        self._window_values = np.zeros((rich, 2 * RING), dtype=np.float32)
        self._window_sums = np.zeros((rich, 2 * LAGS), dtype=np.float32)
        self._periods = np.zeros((rich, PERIOD_WIDTH))

    def nbytes(self) -> int:
        """Bytes of the rows and slots in use, whatever room there is for more."""
        return sum(array.nbytes for array in self._used().values()) + self._pools.nbytes()

    def _used(self) -> dict[str, Array]:
        """The rows in use of all arrays by name (views)."""
        rows = self._series * self._settings.features
        return {name: getattr(self, f"_{name}")[:rows] for name in _ARRAYS}

    def copy(self) -> SeriesTable:
        """An independent copy, to be stepped without consequences."""
        twin = SeriesTable.__new__(SeriesTable)
        twin._settings = self._settings
        twin._partial_side = self._partial_side
        twin._series, twin._keeps_rich = self._series, self._keeps_rich
        twin._pools = self._pools.copy()
        for name in _ARRAYS:
            setattr(twin, f"_{name}", getattr(self, f"_{name}").copy())
        return twin

    def skip(self, until_s: int) -> None:
        """Nothing is known of the time before `until_s`: it ages nothing."""
        seen = self._rows[: self._series * self._settings.features]
        last = until_s - self._settings.span_s
        seen[:, LAST_TIME] = np.maximum(seen[:, LAST_TIME], last)

    def allow_growth(self, allowed: bool) -> None:
        """Whether series may get shapes and richer features that they do not have yet."""
        self._settings = self._settings._replace(may_grow=allowed)

    def shift_time(self, seconds: float, series: IntArray | None = None) -> None:
        """Read and learn the shapes of some series (all by default) so many seconds later.

        Series without values have nothing to shift, whether the table has met them or not.
        """
        features = self._settings.features
        if series is None:
            series = np.arange(self._series)
        series = series[series < self._series]
        rows = (series[:, None] * features + np.arange(features)).ravel()
        self._rows[rows[self._rows[rows, COUNT] > 0.0], CLOCK_OFFSET] += seconds

    def keep(self, series: IntArray) -> None:
        """See `DetectorModel.keep`; slots of shapes move together too."""
        features = self._settings.features
        known = series[series < self._series]
        rows = (known[:, None] * features + np.arange(features)).ravel()
        used = self._used()
        self._series = len(known)
        for name, array in used.items():
            setattr(self, f"_{name}", array[rows[rows < len(array)]])
        self._pools.keep(self._rows)

    def step(
        self,
        time: IntArray,
        cells: ClosedCells,
        keys: SeriesKeys,
        *,
        partial: bool,
        plot: bool,
        rules: DetectorRules = NO_RULES,
    ) -> Stepped:
        """Score and learn k buckets; `partial` judges counts and sums on the high side only."""
        first_bucket = keys.first_bucket
        series = len(first_bucket)
        self._grow(series)
        settings = self._settings
        side = settings.side
        if partial and self._partial_side is not None:
            side = self._partial_side
        buckets = len(time)
        detector = np.zeros((buckets, DETECTOR_WIDTH))
        findings: list[FloatArray] = [np.empty((0, FINDING_WIDTH))]
        plots: list[FloatArray] = [np.empty((0, PLOT_WIDTH))]
        plot_rows = max(_OUTPUT_ROWS, series * settings.features) if plot else 0
        out_rows = min(max(_OUTPUT_ROWS, MAX_FINDINGS), max(1, series) * buckets)
        found_buffer = np.empty((out_rows, FINDING_WIDTH))
        plot_buffer = np.empty((plot_rows, PLOT_WIDTH))
        scratch, surprises = np.empty((series, FINDING_WIDTH)), np.empty(series)
        order, small = np.empty((2, series), np.int64), np.zeros(SMALL)
        done = 0
        while done < buckets:
            done, found, plotted = step_buckets(
                settings,
                side,
                rules,
                done,
                time,
                cells.start,
                cells.series,
                cells.count,
                cells.value,
                cells.variance,
                first_bucket,
                self._rows,
                self._sketches,
                self._coarse,
                self._pools.day,
                self._pools.week,
                self._rich_sketches,
                self._window_values,
                self._window_sums,
                self._periods,
                MAX_FINDINGS,
                found_buffer,
                detector,
                plot_buffer,
                scratch,
                surprises,
                order,
                small,
            )
            findings.append(found_buffer[:found].copy())
            plots.append(plot_buffer[:plotted].copy())
            self._pools.serve(self._rows, self._sketches, self._coarse)
        if buckets:
            self._drop_rich(int(np.count_nonzero(first_bucket <= time[-1])))
        return Stepped(np.concatenate(findings), detector, np.concatenate(plots))

    def _grow(self, series: int) -> None:
        """Make room for so many series."""
        self._series = max(self._series, series)
        features = self._settings.features
        wanted = self._series * features
        capacity = len(self._rows)
        if wanted > capacity:
            capacity = capacity_for(wanted, capacity)
            self._rows = np.concatenate([self._rows, fresh_rows(capacity - len(self._rows))])
            self._sketches = enlarged(self._sketches, capacity)
            self._coarse = enlarged(self._coarse, capacity)
        rich = min(self._series, RICH_SERIES) * features
        if self._keeps_rich and self._settings.may_grow and rich > len(self._rich_sketches):
            self._rich_sketches = enlarged(self._rich_sketches, rich)
            self._window_values = enlarged(self._window_values, rich)
            self._window_sums = enlarged(self._window_sums, rich)
            self._periods = enlarged(self._periods, rich)

    def _drop_rich(self, known: int) -> None:
        """Free the richer features for good once there are too many series for them."""
        if self._keeps_rich and known > RICH_SERIES:
            self._keeps_rich = False
            self._rich_sketches = self._rich_sketches[:0].copy()
            self._window_values = self._window_values[:0].copy()
            self._window_sums = self._window_sums[:0].copy()
            self._periods = self._periods[:0].copy()

    def save(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Plain header and arrays; columns travel by name."""
        header = {
            "columns": list(COLUMNS),
            "series": self._series,
            "keeps_rich": self._keeps_rich,
            "may_grow": self._settings.may_grow,
        }
        arrays = self._used() | self._pools.save()
        return header, {name: array.copy() for name, array in arrays.items()}

    def load(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Take over a saved state; columns it lacks start at zero, unknown ones are dropped."""
        self._series = int(header["series"])
        self._keeps_rich = bool(header["keeps_rich"])
        self.allow_growth(bool(header.get("may_grow", True)))
        self._allocate(self._series * self._settings.features, len(arrays["rich_sketches"]))
        for place, name in enumerate(header["columns"]):
            if name in COLUMNS:
                self._rows[:, COLUMNS.index(name)] = arrays["rows"][:, place]
        for name in _ARRAYS[1:]:
            target = getattr(self, f"_{name}")
            # Richer features that are missing or of another width start afresh.
            if name in arrays and arrays[name].shape[1:] == target.shape[1:]:
                target[: len(arrays[name])] = arrays[name]
        if "week_slot" not in header["columns"]:
            # In states of before the week's slot was that of the day.
            self._rows[:, WEEK_SLOT] = self._rows[:, DAY_SLOT]
            if not self._settings.day_bins:
                self._rows[:, DAY_SLOT] = -1.0
        self._pools.load(arrays)
