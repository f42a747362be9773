"""Closed buckets straight from arrays of values: input of the scorer without the gatherer."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.gathering.cells import ClosedBuckets, ClosedCells, SeriesKeys
from sidecar.engine.record_frame import MISSING
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.units import TimeValue


def mean_config(span_s: int, *, function: str = "mean") -> AnalysisConfig:
    """A job of one detector, partitioned by `key`."""
    detector = Detector(function=function, field_name="value", partition_field_name="key")
    return AnalysisConfig(TimeValue(span_s * 1000, f"{span_s}s"), (detector,))


def closed_buckets(time: IntArray, values: FloatArray) -> ClosedBuckets:
    """One record a cell; `values` is (buckets, series), NaN where there is no cell."""
    bucket, series = np.nonzero(~np.isnan(values))
    start = np.searchsorted(bucket, np.arange(len(time) + 1)).astype(np.int64)
    cells = ClosedCells(
        start=start,
        series=series.astype(np.int32),
        count=np.ones(len(series)),
        value=np.ascontiguousarray(values[bucket, series][:, None]),
        variance=np.zeros(len(series)),
        influencers=[],
    )
    return ClosedBuckets(time, np.diff(start), [cells])


def series_keys(series: int, first_bucket: int) -> list[SeriesKeys]:
    """Names of `series` partitions that were all there from the first bucket on."""
    missing = np.full(series, MISSING, dtype=np.int32)
    first = np.full(series, first_bucket, dtype=np.int64)
    return [SeriesKeys(np.arange(series, dtype=np.int32), missing, missing, first)]
