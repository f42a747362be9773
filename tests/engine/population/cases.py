"""Populations of users, as cells of a detector with an over field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.record_frame import MISSING
from sidecar.engine.results import BucketResults
from sidecar.engine.scores.scoring import BucketScorer
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.units import TimeValue
from tests.engine.scorer_cases import HOUR_S, START_S, cells_of, closed, times


def population_job(
    function: str,
    *,
    by: str | None = None,
    partition: str | None = None,
    exclude: str | None = None,
) -> AnalysisConfig:
    """A job of one detector over `user`, influenced by it."""
    detector = Detector(
        function,
        field_name="value",
        by_field_name=by,
        over_field_name="user",
        partition_field_name=partition,
        exclude_frequent=exclude,
    )
    return AnalysisConfig(TimeValue(HOUR_S * 1000, "1h"), (detector,), ("user",))


def user_keys(
    users: int, *, by: CodeArray | None = None, over: CodeArray | None = None
) -> list[SeriesKeys]:
    """Series that were all there from the first bucket on: one of each user, unless given."""
    over = np.arange(users, dtype=np.int32) if over is None else over
    missing = np.full(len(over), MISSING, np.int32)
    first = np.full(len(over), START_S, np.int64)
    return [SeriesKeys(missing, missing if by is None else by, over, first)]


@dataclass(frozen=True, slots=True)
class PopulationOutlier:
    """What users did in every bucket, and who was not like the others when.

    `count` and `value` are (buckets, users); `value` is NaN where a user was absent.
    """

    count: FloatArray
    value: FloatArray
    thief: int
    theft: int
    riser: int
    rise: slice


def population_outlier(
    function: str, *, seed: int = 1, users: int = 500, days: int = 21
) -> PopulationOutlier:
    """Users by day, few by night, with records of lognormal sizes.

    One of them has 8 times as much in one bucket as is usual then; another's values are 2.5 times
    as large for 12 buckets.
    """
    generator = np.random.default_rng(seed)
    buckets = 24 * days
    hour = np.arange(buckets) % 24
    activity = 12.0 * np.exp(-(((hour - 13) / 5.0) ** 2)) + 0.3
    count = generator.poisson(activity[:, None], (buckets, users)).astype(float)
    theft, rise = 24 * 14 + 13, slice(24 * 17 + 6, 24 * 17 + 18)
    thief, riser = 77, 33
    if function == "count":
        count[theft, thief] = 8.0 * np.median(count[theft])
        count[rise, riser] = np.round(2.5 * count[rise, riser])
    spread = 0.4 / np.sqrt(np.maximum(count, 1.0))
    value = 1000.0 * np.exp(spread * generator.normal(size=count.shape))
    if function == "sum":
        value *= count
    if function == "count":
        value = count.copy()
    else:
        value[theft, thief] = 8.0 * np.median(value[theft])
        value[rise, riser] *= 2.5
    value[count == 0.0] = np.nan
    return PopulationOutlier(count, value, thief, theft, riser, rise)


def population_cells(value: FloatArray, count: FloatArray | None = None) -> ClosedCells:
    """Cells of (buckets, series) values; NaN is no cell."""
    cells = cells_of(value)
    if count is not None:
        cells.count[:] = count[~np.isnan(value)]
        # Single records are spread by 0.4 of their size.
        cells.variance[:] = np.where(cells.count > 1.0, (0.4 * cells.value[:, 0]) ** 2, 0.0)
    return cells


def scored_population(
    value: FloatArray, function: str, count: FloatArray | None = None
) -> BucketResults:
    """Results of one detector over users without by values."""
    return BucketScorer(population_job(function)).score(
        closed(times(len(value)), population_cells(value, count)), user_keys(value.shape[1])
    )
