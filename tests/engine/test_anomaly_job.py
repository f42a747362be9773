"""Whole jobs: frames in, bucket results out, and the rules of time, memory and state between."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import FieldNeeds, RecordFrame
from sidecar.engine.results import BucketResults, CauseTable, RescoredTable
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from tests.engine.gathering import (
    SPAN,
    config_of,
    configs,
    cuts,
    frame_of,
    frames,
    job_of,
    named,
    new_job,
    run,
    starts,
    stored,
)

COUNT = Detector("count")
BY = Detector("mean", field_name="v", by_field_name="a")


def bits(blocks: Iterable[BucketResults]) -> list[Any]:
    """Everything in the results, bucket by bucket, floats as they are in memory."""
    buckets: list[Any] = []
    for block in blocks:
        for i in range(len(block.time)):
            row: list[Any] = []
            for column in dataclasses.fields(block):
                value = getattr(block, column.name)
                if isinstance(value, np.ndarray):
                    row.append(value[i].tobytes())
                elif isinstance(value, RescoredTable):
                    continue  # of earlier buckets
                elif dataclasses.is_dataclass(value):
                    row.append(_table_bits(value, i))
            buckets.append(row)
    return buckets


def _table_bits(table: Any, bucket: int) -> list[Any]:
    mine = np.flatnonzero(table.bucket == bucket)
    parts: list[Any] = []
    for column in dataclasses.fields(table):
        value = getattr(table, column.name)
        if column.name == "influencers":
            chosen = set(mine.tolist())
            first = int(mine[0]) if len(mine) else 0
            parts.append([(row - first, *rest) for row, *rest in value if row in chosen])
        elif isinstance(value, CauseTable):
            rows = np.isin(value.record, mine)
            parts.extend(
                getattr(value, part.name)[rows].tobytes()
                for part in dataclasses.fields(value)
                if part.name != "record"
            )
        elif column.name != "bucket":
            parts.append(value[mine].tobytes())
    return parts


def long_frame(buckets: int = 80, series: int = 3) -> RecordFrame:
    """A record per bucket and series, with one spike."""
    generator = np.random.Generator(np.random.PCG64(3))
    rows = np.arange(buckets * series)
    values = 100 + generator.standard_normal(len(rows))
    values[-2 * series] = 500.0
    times = 1000 + rows // series * SPAN
    return frame_of(times.tolist(), values.tolist(), a=(rows % series).tolist())


def cut_at(frame: RecordFrame, *places: int) -> list[RecordFrame]:
    edges = [0, *places, len(frame)]
    return [frame.rows(slice(a, b)) for a, b in pairwise(edges)]


# --- results ----------------------------------------------------------------------------------


def test_a_spike_is_found_and_named() -> None:
    job = new_job(BY, influencers=("a",))
    (block,) = run(job, [long_frame(buckets=300)])
    spike = 1000 + 298 * SPAN
    assert block.time[np.argmax(block.score)] == spike
    row = int(np.argmax(block.records.score))
    assert block.time[block.records.bucket[row]] == spike
    assert block.records.actual[row] == 500.0
    series = block.records.series[row : row + 1]
    assert job.series_names(0, series) == ([None], ["a0"], [None])


@given(configs(), frames(), st.data())
@settings(max_examples=25, deadline=None)
def test_cutting_the_frames_anywhere_gives_the_same_results(
    config: AnalysisConfig, frame: RecordFrame, data: st.DataObject
) -> None:
    whole = run(named(AnomalyJob(job_of(config, model_plot=True))), [frame])
    pieces = run(named(AnomalyJob(job_of(config, model_plot=True))), data.draw(cuts(frame)))
    assert bits(whole) == bits(pieces)


def test_long_frames_give_the_results_of_short_ones() -> None:
    rows = np.arange(300_000)
    frame = frame_of((1000 + rows // 500).tolist(), (rows * 7919 % 1000).tolist())
    whole = run(new_job(COUNT, Detector("mean", field_name="v")), [frame])
    pieces = run(
        new_job(COUNT, Detector("mean", field_name="v")),
        cut_at(frame, 90_001, 200_000, 131_072 * 2),
    )
    assert bits(whole) == bits(pieces)


@given(configs(), frames(), st.data())
@settings(max_examples=25, deadline=None)
def test_save_and_restore_in_the_middle_changes_no_bit(
    config: AnalysisConfig, frame: RecordFrame, data: st.DataObject
) -> None:
    pieces = data.draw(cuts(frame))
    undisturbed = named(AnomalyJob(job_of(config)))
    job = named(AnomalyJob(job_of(config)))
    for piece in pieces:
        state = stored(job)
        job = AnomalyJob.restore(job_of(config), [state])
        assert stored(job) == state
        assert bits(run(job, [piece])) == bits(run(undisturbed, [piece]))
        # Room for growth belongs to the memory in use, but not to the state.
        sizes = [dataclasses.replace(j.model_size(), model_bytes=0) for j in (job, undisturbed)]
        assert sizes[0] == sizes[1]
    assert stored(job) == stored(undisturbed)


def test_save_and_restore_between_scored_buckets_changes_no_bit() -> None:
    pieces = cut_at(long_frame(), 100, 200)
    undisturbed, job = new_job(BY), new_job(BY)
    for piece in pieces:
        job = AnomalyJob.restore(job.job, job.save())
        assert bits(run(job, [piece])) == bits(run(undisturbed, [piece]))
    assert stored(job) == stored(undisturbed)


# --- configuration ----------------------------------------------------------------------------


def test_needs_name_every_column_once() -> None:
    job = new_job(
        BY,
        Detector("max", field_name="v", partition_field_name="b"),
        Detector("distinct_count", field_name="d", over_field_name="a"),
        influencers=("a", "c"),
        summary_count_field_name="n",
    )
    assert job.needs == FieldNeeds(("v", "n"), ("a", "b", "c"), ("d",))
    assert list(job.dictionaries) == ["a", "b", "c"]


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(ValueError, match=r"function \[median_of_means\] is not supported"):
        new_job(Detector("median_of_means", field_name="v"))


def test_model_plot_is_switched_live() -> None:
    job = new_job(BY)
    first, second, third = cut_at(long_frame(), 90, 180)
    assert all(block.model_plot is None for block in run(job, [first]))
    job.update(job_of(job.job.analysis_config, model_plot=True))
    plotted = run(job, [second])
    assert all(block.model_plot is not None for block in plotted)
    assert sum(len(b.model_plot.bucket) for b in plotted if b.model_plot) == 3 * len(
        starts(plotted)
    )
    job.update(job_of(job.job.analysis_config))
    assert all(block.model_plot is None for block in run(job, [third]))


def test_another_analysis_is_refused_as_an_update() -> None:
    with pytest.raises(ValueError, match="cannot change"):
        new_job(COUNT).update(job_of(config_of(BY)))


@pytest.mark.parametrize(
    ("detector", "names"),
    [
        pytest.param({}, ([None, None], [None, None], [None, None]), id="no split"),
        pytest.param({"by_field_name": "a"}, ([None, None], [None, "a2"], [None, None]), id="by"),
        pytest.param(
            {"partition_field_name": "a", "over_field_name": "b"},
            ([None, "a2"], [None, None], ["b0", "b0"]),
            id="partition and over",
        ),
    ],
)
def test_series_have_the_names_of_their_values(
    detector: dict[str, str], names: tuple[list[str | None], ...]
) -> None:
    job = new_job(Detector("count", use_null=True, **detector))
    run(job, [frame_of([100, 101], a=[-1, 2])])
    series = np.array([0, 1 if detector else 0], np.int32)
    assert job.series_names(0, series) == names
