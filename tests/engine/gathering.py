"""Jobs and record frames for the tests of the gatherer and of whole jobs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.arrays import FloatArray
from sidecar.engine.gathering.cells import ClosedBuckets
from sidecar.engine.gathering.gatherer import Gatherer
from sidecar.engine.record_frame import RecordFrame, TextColumn
from sidecar.engine.results import BucketResults
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.job import AnalysisLimits, DataDescription, Job, ModelPlotConfig
from sidecar.schema.units import TimeValue

SPAN = 10
CODE_FIELDS = ("a", "b", "c", "d")


def seconds(value: int) -> TimeValue:
    return TimeValue(value * 1000, f"{value}s")


def config_of(
    *detectors: Detector, span: int = SPAN, latency: int = 0, **other: Any
) -> AnalysisConfig:
    numbered = tuple(
        Detector(
            function=d.function,
            field_name=d.field_name,
            by_field_name=d.by_field_name,
            over_field_name=d.over_field_name,
            partition_field_name=d.partition_field_name,
            use_null=d.use_null,
            detector_index=i,
        )
        for i, d in enumerate(detectors)
    )
    return AnalysisConfig(
        seconds(span), numbered, latency=seconds(latency) if latency else None, **other
    )


def job_of(config: AnalysisConfig, *, limit_mb: int | None = None, model_plot: bool = False) -> Job:
    return Job(
        "job",
        config,
        DataDescription(),
        AnalysisLimits(limit_mb),
        model_plot_config=ModelPlotConfig(True) if model_plot else None,
    )


def frame_of(
    times: Sequence[int],
    values: Sequence[float] | None = None,
    *,
    weights: Sequence[float] | None = None,
    **codes: Sequence[int],
) -> RecordFrame:
    """Field `v` as a number, a hash (of its bits), a text and a place; `n` the summary count."""
    n = len(times)
    value = np.array([1.0] * n if values is None else values, np.float64)
    weight = np.array([1.0] * n if weights is None else weights, np.float64)
    hashes = np.where(np.isnan(value), 0, value.view(np.uint64) | np.uint64(1))
    finite = np.where(np.isfinite(value), value, np.nan)
    columns = {name: codes.get(name, [0] * n) for name in CODE_FIELDS}
    return RecordFrame(
        time=np.array(times, np.int64),
        numbers={"v": value, "n": weight},
        codes={name: np.array(column, np.int32) for name, column in columns.items()},
        hashes={"v": hashes.astype(np.uint64)},
        texts={"v": text_column([text_of(int(hashed)) for hashed in hashes])},
        points={"v": np.stack([np.fmod(finite, 90.0), np.fmod(finite * 7.0, 180.0)], axis=1)},
    )


def text_of(hashed: int) -> bytes:
    """The text behind a hash: some are short, some repeat themselves."""
    return b"%x" % hashed * (hashed // 2 % 3 + 1) if hashed else b""


def text_column(texts: Sequence[bytes]) -> TextColumn:
    lengths = np.array([len(text) for text in texts], np.int64)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    return TextColumn(np.frombuffer(bytearray().join(texts), np.uint8), starts, ends)


def gather(
    gatherer: Gatherer, frames: Iterable[RecordFrame], block: int = 4096
) -> list[ClosedBuckets]:
    blocks = []
    for frame in frames:
        gatherer.add(frame)
        blocks += list(gatherer.close(block))
    return blocks


def described(blocks: Iterable[ClosedBuckets]) -> dict[int, Any]:
    """Blocks in the form of `NaiveGatherer.closed`."""
    buckets: dict[int, Any] = {}
    for block in blocks:
        for i, time in enumerate(block.time.tolist()):
            detectors: list[dict[int, Any]] = []
            for cells in block.detectors:
                rows = range(int(cells.start[i]), int(cells.start[i + 1]))
                detectors.append({int(cells.series[r]): _describe(cells, r) for r in rows})
                assert cells.series[rows.start : rows.stop].tolist() == sorted(detectors[-1])
            assert time not in buckets
            buckets[time] = int(block.event_count[i]), detectors
    return buckets


def _describe(cells: Any, row: int) -> dict[str, Any]:
    influencers = {}
    for shares in cells.influencers:
        keys = list(zip(shares.cell.tolist(), shares.code.tolist(), strict=True))
        assert keys == sorted(keys)
        columns = (shares.count, shares.total, shares.low, shares.high)
        mine = {
            int(shares.code[r]): tuple(float(column[r]) for column in columns)
            for r in np.flatnonzero(shares.cell == row)
        }
        if mine:
            influencers[shares.field] = mine
    return {
        "count": float(cells.count[row]),
        "value": cells.value[row].tolist(),
        "variance": float(cells.variance[row]),
        "times": _times(cells, row),
        "influencers": influencers,
    }


def _times(cells: Any, row: int) -> list[float]:
    if cells.times is None:
        return []
    found: list[float] = cells.times.second[cells.times.start[row] : cells.times.start[row + 1]]
    return [float(second) for second in found]


# --- whole jobs --------------------------------------------------------------------------------


def new_job(*detectors: Detector, names: int = 10, **config: Any) -> AnomalyJob:
    return named(AnomalyJob(job_of(config_of(*detectors, **config))), names)


def named(job: AnomalyJob, names: int = 10) -> AnomalyJob:
    """The job with the names behind the first codes."""
    for field, dictionary in job.dictionaries.items():
        for code in range(names):
            dictionary.code(f"{field}{code}")
    return job


def run(job: AnomalyJob, pieces: Iterable[RecordFrame]) -> list[BucketResults]:
    return [block for piece in pieces for block in job.process(piece)]


def starts(blocks: Iterable[BucketResults]) -> list[int]:
    return [int(time) for block in blocks for time in block.time]


def scores(blocks: Iterable[BucketResults]) -> FloatArray:
    return np.concatenate([block.score for block in blocks])


def found_records(blocks: Iterable[BucketResults]) -> list[tuple[int, int, float]]:
    """(bucket start, series, score) of all records, most anomalous first."""
    rows = [
        (int(block.time[bucket]), int(series), float(score))
        for block in blocks
        for bucket, series, score in zip(
            block.records.bucket, block.records.series, block.records.score, strict=True
        )
    ]
    return sorted(rows, key=lambda row: -row[2])


def stored(job: AnomalyJob) -> bytes:
    return b"".join(job.save())


# --- hypothesis -------------------------------------------------------------------------------

FUNCTION_NAMES = (
    "count",
    "non_zero_count",
    "distinct_count",
    "mean",
    "median",
    "sum",
    "non_null_sum",
    "varp",
    "min",
    "max",
    "metric",
    "info_content",
    "lat_long",
    "rare",
    "freq_rare",
    "time_of_day",
    "time_of_week",
)
WITHOUT_FIELD = ("count", "non_zero_count", "rare", "freq_rare", "time_of_day", "time_of_week")

numbers = st.one_of(
    st.floats(-1000, 1000).map(lambda x: round(x, 3)),
    st.sampled_from([0.0, 1.0, -1.0, float("nan"), float("inf")]),
)


@st.composite
def detectors(draw: st.DrawFn) -> Detector:
    function = draw(st.sampled_from(FUNCTION_NAMES))
    split = draw(st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3))
    names: list[str | None] = [*split, None, None, None]
    partition, by, over = draw(st.permutations(names[:3]))
    return Detector(
        function,
        field_name=None if function in WITHOUT_FIELD else "v",
        partition_field_name=partition,
        by_field_name=by,
        over_field_name=over,
        use_null=draw(st.booleans()),
    )


@st.composite
def configs(draw: st.DrawFn) -> AnalysisConfig:
    return config_of(
        *draw(st.lists(detectors(), min_size=1, max_size=3)),
        latency=draw(st.sampled_from([0, 0, 10, 25])),
        summary_count_field_name=draw(st.sampled_from([None, None, "n"])),
        influencers=tuple(draw(st.lists(st.sampled_from(CODE_FIELDS), unique=True, max_size=2))),
        model_prune_window=draw(st.sampled_from([None, seconds(2 * SPAN), seconds(25 * SPAN)])),
    )


@st.composite
def frames(draw: st.DrawFn, max_size: int = 60) -> RecordFrame:
    """Times wander forwards with jumps back and gaps."""
    steps = st.one_of(st.integers(-12, 15), st.integers(0, 4), st.sampled_from([200]))
    n = draw(st.integers(1, max_size))

    def column(values: st.SearchStrategy[Any]) -> Any:
        return draw(st.lists(values, min_size=n, max_size=n))

    return frame_of(
        [1000 + int(t) for t in np.cumsum(column(steps))],
        column(numbers),
        weights=column(st.sampled_from([1.0, 2.0, 3.5, 0.0, -1.0, float("nan"), float("inf")])),
        **{name: column(st.integers(-1, 3)) for name in CODE_FIELDS},
    )


@st.composite
def cuts(draw: st.DrawFn, frame: RecordFrame) -> list[RecordFrame]:
    """The frame cut into pieces."""
    places = draw(st.lists(st.integers(0, len(frame)), max_size=8))
    edges = [0, *sorted(places), len(frame)]
    return [frame.rows(slice(a, b)) for a, b in pairwise(edges)]
