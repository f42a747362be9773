"""How the clock that series' seasons are read by moves, and when it stays."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.models.findings import FINDING_LOG_P
from sidecar.engine.models.series.series_table import SeriesTable
from sidecar.engine.scores.scoring import BucketScorer
from sidecar.schema.detector import Detector
from sidecar.schema.scheduled_event import ScheduledEvent
from tests.engine.gathering import config_of, frame_of, job_of, named, run, scores
from tests.engine.scorer_cases import assert_same, cells_of, closed, job, keys
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


@pytest.mark.parametrize("function", ["mean", "count"])
@pytest.mark.parametrize("hours", [1, -1], ids=["earlier", "later"])
@pytest.mark.parametrize("span_s", [300, 900, 3600], ids=["5m", "15m", "1h"])
def test_daylight_saving_is_followed_within_the_day(span_s: int, hours: int, function: str) -> None:
    time = clock(35, span_s)
    changed = time >= time[0] + 28 * DAY_S
    source = time + np.where(changed, hours * HOUR_S, 0)
    values = np.maximum(0, np.round(100 + working_day(source) + noise(len(time))))
    scorer = BucketScorer(job(function, span_s=span_s))
    results = scorer.score(closed(time, cells_of(values)), keys(1, first_s=int(time[0])))
    after = results.score[changed]
    per_day = DAY_S // span_s
    assert np.count_nonzero(after[:per_day] > 50) <= 6
    assert np.count_nonzero(after[per_day:] > 50) <= 3
    table = stepped(time, values, span_s)
    assert column(table, "clock_offset").tolist() == [hours * HOUR_S]


def test_a_clock_that_was_put_forward_is_put_back() -> None:
    time = clock(70, 900)
    day = (time - time[0]) // DAY_S
    source = time + np.where((day >= 28) & (day < 49), HOUR_S, 0)
    values = 100 + working_day(source) + noise(len(time), 2)
    table = stepped(time[: 49 * 96], values[: 49 * 96], 900)
    assert column(table, "clock_offset").tolist() == [HOUR_S] * 2
    stepped(time[49 * 96 :], values[49 * 96 :], 900, table)
    assert column(table, "clock_offset").tolist() == [0, 0]


@pytest.mark.parametrize("level", [0.5, 3.0, 15.0], ids=["calm", "noisy", "very noisy"])
@pytest.mark.parametrize("span_s", [300, 900, 3600], ids=["5m", "15m", "1h"])
def test_a_steady_clock_is_left_alone(span_s: int, level: float) -> None:
    time = clock(45, span_s)
    values = 100 + working_day(time) + level * noise(len(time), 30)
    # Incidents and new levels are no other clock.
    days = (time - time[0]) // DAY_S
    values[days >= 30, 1] += 40.0
    values[(days == 33) & (time % DAY_S < 6 * HOUR_S), 2] -= 60.0
    values[days >= 30, 3] *= 1.5
    assert not column(stepped(time, values, span_s), "clock_offset").any()


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_an_event_shifts_the_clock_of_a_job(told: bool) -> None:
    detector = Detector("mean", field_name="v", by_field_name="a")
    moved = named(AnomalyJob(job_of(config_of(detector, span=900))))
    time = clock(23, 900)
    begin = int(time[0]) + 21 * DAY_S
    if told:
        end = (begin + DAY_S) * 1000
        moved.set_events(
            [ScheduledEvent("move", begin * 1000, end, "c", "e", False, False, 2 * HOUR_S)]
        )
    source = np.where(time >= begin, time + 2 * HOUR_S, time)
    values = (100 + working_day(source) + noise(len(time)))[:, 0]
    after = scores(run(moved, [frame_of(time.tolist(), values.tolist())]))[21 * DAY_S // 900 :]
    assert bool(after.max() < 75) is told
