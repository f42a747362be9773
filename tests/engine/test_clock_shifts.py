"""How the clock that series' seasons are read by moves, and when it stays."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.models.buckets import FINDING_LOG_P
from sidecar.engine.models.series_table import SeriesTable
from sidecar.schema.detector import Detector
from sidecar.schema.scheduled_event import ScheduledEvent
from tests.engine.gathering import config_of, frame_of, job_of, named, run, scores
from tests.engine.scorer_cases import assert_same, cells_of, keys
from tests.engine.seasonal_cases import (
    DAY_S,
    HOUR_S,
    clock,
    column,
    noise,
    stepped,
    working_day,
)


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_a_time_shift_told_in_advance_is_no_surprise(told: bool) -> None:
    time = clock(21, 900)
    table = stepped(time, 100 + working_day(time) + noise(len(time), 2), 900)
    if told:
        table.shift_time(2 * HOUR_S, np.array([1]))
        table.shift_time(2 * HOUR_S, np.array([0]))
    later = clock(1, 900, first_day=21)
    values = 100 + working_day(later + 2 * HOUR_S) + noise(len(later), 2, seed=4)
    names = keys(2, first_s=int(time[0]))[0]
    found = table.step(later, cells_of(values), names, partial=False, plot=False).findings
    strong = int(np.count_nonzero(found[:, FINDING_LOG_P] < -9.5))
    assert (strong == 0) is told


def test_only_series_that_have_begun_shift() -> None:
    time = clock(2, HOUR_S)
    values = 100 + noise(len(time), 3)
    values[:, 2] = np.nan
    table = stepped(time, values, HOUR_S)
    table.shift_time(60, np.array([1, 2, 7]))
    assert column(table, "clock_offset").tolist() == [0, 60, 0]
    table.shift_time(-5)
    assert column(table, "clock_offset").tolist() == [-5, 55, 0]


def test_the_clock_is_part_of_the_state() -> None:
    time = clock(14, HOUR_S)
    values = 100 + working_day(time) + noise(len(time), 2)
    table = stepped(time, values, HOUR_S)
    table.shift_time(HOUR_S)
    again = SeriesTable(FUNCTIONS["mean"], HOUR_S)
    again.load(*table.save())
    later = clock(2, HOUR_S, first_day=14)
    values = 100 + working_day(later + HOUR_S) + noise(len(later), 2, seed=4)
    assert_same(
        stepped(later, values, HOUR_S, again).save(), stepped(later, values, HOUR_S, table).save()
    )


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_an_event_shifts_the_clock_of_a_job(told: bool) -> None:
    detector = Detector("mean", field_name="v", by_field_name="a")
    job = named(AnomalyJob(job_of(config_of(detector, span=900))))
    time = clock(23, 900)
    begin = int(time[0]) + 21 * DAY_S
    if told:
        end = (begin + DAY_S) * 1000
        job.set_events(
            [ScheduledEvent("move", begin * 1000, end, "c", "e", False, False, 2 * HOUR_S)]
        )
    source = np.where(time >= begin, time + 2 * HOUR_S, time)
    values = (100 + working_day(source) + noise(len(time)))[:, 0]
    after = scores(run(job, [frame_of(time.tolist(), values.tolist())]))[21 * DAY_S // 900 :]
    assert bool(after.max() < 50) is told
