"""Jobs, closed buckets and comparisons for the scorer's tests."""

from __future__ import annotations

import dataclasses

import numpy as np

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.gathering.cells import ClosedBuckets, ClosedCells, InfluencerCells, SeriesKeys
from sidecar.engine.record_frame import MISSING
from sidecar.engine.results import BucketResults, CauseTable
from sidecar.engine.scores.scoring import BucketScorer
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.units import TimeValue

START_S = 1_700_006_400
HOUR_S = 3600


def job(*functions: str, span_s: int = HOUR_S, influencers: tuple[str, ...] = ()) -> AnalysisConfig:
    """A job of detectors partitioned by `key`."""
    detectors = tuple(
        Detector(name, field_name="value", partition_field_name="key", detector_index=i)
        for i, name in enumerate(functions)
    )
    return AnalysisConfig(TimeValue(span_s * 1000, f"{span_s}s"), detectors, influencers)


def times(buckets: int, span_s: int = HOUR_S, start_s: int = START_S) -> IntArray:
    return start_s + np.arange(buckets, dtype=np.int64) * span_s


def cells_of(
    values: FloatArray, *, count: float = 1.0, influencers: list[InfluencerCells] | None = None
) -> ClosedCells:
    """Cells of (k, n) or (k, n, features) values; NaN in the first feature is no cell."""
    if values.ndim == 2:
        values = values[:, :, None]
    bucket, series = np.nonzero(~np.isnan(values[:, :, 0]))
    start = np.searchsorted(bucket, np.arange(len(values) + 1)).astype(np.int64)
    return ClosedCells(
        start=start,
        series=series.astype(np.int32),
        count=np.full(len(series), count),
        value=np.ascontiguousarray(values[bucket, series]),
        variance=np.zeros(len(series)),
        influencers=influencers or [],
    )


def closed(time: IntArray, *detectors: ClosedCells) -> ClosedBuckets:
    return ClosedBuckets(time, np.full(len(time), 1, dtype=np.int64), list(detectors))


def keys(series: int, detectors: int = 1, first_s: int = START_S) -> list[SeriesKeys]:
    missing = np.full(series, MISSING, dtype=np.int32)
    first = np.full(series, first_s, dtype=np.int64)
    names = np.arange(series, dtype=np.int32)
    return [SeriesKeys(names, missing, missing, first) for _ in range(detectors)]


def scored(
    values: FloatArray,
    function: str = "mean",
    *,
    span_s: int = HOUR_S,
    influencers: tuple[str, ...] = (),
    count: float = 1.0,
) -> BucketResults:
    """Results of one detector over (k, n) values in one block."""
    time = times(len(values), span_s)
    scorer = BucketScorer(job(function, span_s=span_s, influencers=influencers))
    return scorer.score(
        closed(time, cells_of(values, count=count)), keys(values.shape[1], first_s=int(time[0]))
    )


def part_of(buckets: ClosedBuckets, first: int, last: int) -> ClosedBuckets:
    """Buckets first..last - 1 of a block, without influencer cells."""
    detectors = []
    for cells in buckets.detectors:
        rows = slice(int(cells.start[first]), int(cells.start[last]))
        detectors.append(
            ClosedCells(
                start=cells.start[first : last + 1] - cells.start[first],
                series=cells.series[rows],
                count=cells.count[rows],
                value=cells.value[rows],
                variance=cells.variance[rows],
                influencers=[],
            )
        )
    return ClosedBuckets(buckets.time[first:last], buckets.event_count[first:last], detectors)


def assert_same(one: object, other: object, where: str = "") -> None:
    """The same results, to the last bit."""
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            name = f"{where}.{field.name}"
            assert_same(getattr(one, field.name), getattr(other, field.name), name)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, err_msg=where)
    elif isinstance(one, tuple):
        for place, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{where}[{place}]")
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            assert_same(one[name], other[name], f"{where}.{name}")
    else:
        assert one == other, where


def joined(parts: list[BucketResults]) -> dict[str, object]:
    """Results of consecutive blocks as those of one."""
    whole: dict[str, object] = {}
    sizes = np.cumsum([0] + [len(p.time) for p in parts[:-1]])
    for name in ("time", "probability", "raw_score", "bucket_time_score", "score"):
        whole[name] = np.concatenate([getattr(p, name) for p in parts])
    rows = np.cumsum([0] + [len(p.records.bucket) for p in parts[:-1]])
    for table in ("records", "influencers", "bucket_influencers"):
        for field in dataclasses.fields(getattr(parts[0], table)):
            columns = [getattr(getattr(p, table), field.name) for p in parts]
            if isinstance(columns[0], CauseTable):
                whole["causes"] = _joined_causes(columns, rows)
            elif isinstance(columns[0], list):
                whole[f"{table}.{field.name}"] = [
                    (row + int(first), *rest)
                    for first, column in zip(rows, columns, strict=True)
                    for row, *rest in column
                ]
            else:
                shift = sizes if field.name == "bucket" else 0 * sizes
                whole[f"{table}.{field.name}"] = np.concatenate(
                    [c + s if s else c for c, s in zip(columns, shift.tolist(), strict=True)]
                )
    return whole


def _joined_causes(parts: list[CauseTable], rows: IntArray) -> dict[str, object]:
    """The causes of consecutive blocks, whose records begin at `rows`."""
    joined_causes: dict[str, object] = {}
    for field in dataclasses.fields(CauseTable):
        columns = [getattr(part, field.name) for part in parts]
        if field.name == "record":
            columns = [c + row for c, row in zip(columns, rows.tolist(), strict=True)]
        joined_causes[field.name] = np.concatenate(columns)
    return joined_causes
