"""Series with seasons, and a table of models that has stepped through them."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.models.series.series_table import SeriesTable
from tests.engine.scorer_cases import cells_of, keys

DAY_S = 86400
HOUR_S = 3600
# A Monday, 00:00 UTC.
MONDAY_S = 1_705_881_600


def clock(days: float, span_s: int, first_day: float = 0.0) -> IntArray:
    """Bucket starts of so many days."""
    buckets = int(days * DAY_S / span_s)
    first = MONDAY_S + int(first_day * DAY_S)
    return first + np.arange(buckets, dtype=np.int64) * span_s


def noise(buckets: int, series: int = 1, seed: int = 3) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(buckets, series))


def wave(time: IntArray, period_s: float = DAY_S) -> FloatArray:
    """(k, 1) values between -10 and 10."""
    values: FloatArray = 10.0 * np.sin(2.0 * np.pi * (time % period_s) / period_s)[:, None]
    return values


def working_day(time: IntArray) -> FloatArray:
    """(k, 1) values of a day with a steep morning, a lunch break and an evening."""
    hour = (time % DAY_S)[:, None] / HOUR_S
    morning = 60.0 / (1.0 + np.exp(-3.0 * (hour - 8.0)))
    evening = 60.0 / (1.0 + np.exp(-1.5 * (hour - 18.0)))
    return morning - evening - 10.0 * np.exp(-2.0 * (hour - 12.5) ** 2)


def stepped(
    time: IntArray, values: FloatArray, span_s: int, table: SeriesTable | None = None
) -> SeriesTable:
    """The table after these buckets; a fresh one by default."""
    if table is None:
        table = SeriesTable(FUNCTIONS["mean"], span_s)
    names = keys(values.shape[1], first_s=int(time[0]))[0]
    table.step(time, cells_of(values), names, partial=False, plot=False)
    return table


def column(table: SeriesTable, name: str) -> FloatArray:
    """One column of the state of every series."""
    header, arrays = table.save()
    values: FloatArray = arrays["rows"][:, header["columns"].index(name)]
    return values
