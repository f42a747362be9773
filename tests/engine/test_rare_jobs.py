"""Jobs of the rare and time functions give the same bits however they are fed and restarted."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.detector import Detector
from sidecar.schema.scheduled_event import ScheduledEvent
from tests.engine.rarity_cases import DAY_S, START_S, frame_of, new_job, records, run

SPAN_S = 3600
DETECTORS = {
    "rare": Detector("rare", by_field_name="u", partition_field_name="h"),
    "rare over": Detector("rare", by_field_name="u", over_field_name="h"),
    "freq_rare": Detector("freq_rare", by_field_name="u", over_field_name="h"),
    "time_of_day": Detector("time_of_day", by_field_name="h"),
    "time_of_day over": Detector("time_of_day", over_field_name="u", partition_field_name="h"),
    "time_of_week": Detector("time_of_week", partition_field_name="h"),
}


def events(job: AnomalyJob) -> RecordFrame:
    """Three weeks of a few hosts by day, with odd values and hours in the third."""
    draws = np.random.Generator(np.random.PCG64(8))
    size = 4000
    hour = np.clip(draws.normal(13, 3, size), 6, 20)
    time = START_S + draws.integers(0, 21, size) * DAY_S + (hour * 3600).astype(np.int64)
    user = np.minimum(draws.geometric(0.4, size), 12) - 1
    host = draws.integers(0, 4, size)
    odd = START_S + 18 * DAY_S + np.array([2, 2, 3, 14]) * 3600
    fields = {"u": np.append(user, [20, 21, 20, 22]), "h": np.append(host, [1, 1, 2, 3])}
    return frame_of(
        job, np.append(time, odd), **{f: c for f, c in fields.items() if f in job.dictionaries}
    )


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)
def test_cuts_restarts_and_interim_results_change_nothing(detector: Detector) -> None:
    job = new_job(detector, span_s=SPAN_S, influencers=("h",))
    frame = events(job)
    whole = records(job, run(job, frame))
    assert whole
    job = new_job(detector, span_s=SPAN_S, influencers=("h",))
    frame = events(job)
    blocks = []
    for first in range(0, len(frame), 317):
        blocks += list(job.process(frame.rows(slice(first, first + 317))))
        job.interim()
        job = AnomalyJob.restore(job.job, job.save())
    blocks += list(job.advance_time(int(frame.time[-1]) + 10 * DAY_S))
    assert repr(records(job, blocks)) == repr(whole)


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)
def test_the_order_of_series_changes_no_score(detector: Detector) -> None:
    job = new_job(detector, span_s=SPAN_S)
    frame = events(job)
    whole = records(job, run(job, frame))
    other = new_job(detector, span_s=SPAN_S)
    events(other)
    # The same records in each bucket, in the opposite order.
    order = np.lexsort((-np.arange(len(frame)), frame.time // SPAN_S))
    turned = RecordFrame(
        frame.time[order], codes={name: column[order] for name, column in frame.codes.items()}
    )
    scores = [record.score for record in records(other, run(other, turned))]
    # Sums of many series are rounded in another order.
    assert scores == pytest.approx([record.score for record in whole], rel=1e-4)


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)
def test_an_interim_bucket_is_judged_by_what_it_has(detector: Detector) -> None:
    job = new_job(detector, span_s=SPAN_S)
    frame = events(job)
    last = int(np.flatnonzero(frame.time >= START_S + 18 * DAY_S + 2 * 3600)[0])
    list(job.process(frame.rows(slice(0, last))))
    blocks = list(job.process(frame.rows(slice(last, last + 2))))
    interim = job.interim()
    assert interim is not None
    assert len(records(job, [*blocks, interim])) >= 1


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)
def test_the_influencers_of_a_record_are_those_of_its_cell(detector: Detector) -> None:
    job = new_job(detector, span_s=SPAN_S, influencers=("h",))
    blocks = run(job, events(job))
    named = [
        (block.records.bucket[row], field, codes)
        for block in blocks
        for row, field, codes in block.records.influencers
    ]
    assert named
    assert all(field == "h" and len(codes) == 1 for _, field, codes in named)


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)
def test_what_happens_in_a_scheduled_event_is_neither_said_nor_learned(detector: Detector) -> None:
    begin, end = START_S + 18 * DAY_S, START_S + 18 * DAY_S + 15 * 3600
    job = new_job(detector, span_s=SPAN_S)
    frame = events(job)
    job.set_events([ScheduledEvent("maintenance", 1000 * begin, 1000 * end)])
    ruled = records(job, run(job, frame))
    other = new_job(detector, span_s=SPAN_S)
    events(other)
    away = np.flatnonzero((frame.time < begin) | (frame.time >= end))
    without = RecordFrame(
        frame.time[away], codes={name: column[away] for name, column in frame.codes.items()}
    )
    expected = records(other, run(other, without))
    assert {(r.bucket, r.by, r.over, r.probability) for r in ruled} == {
        (r.bucket, r.by, r.over, r.probability) for r in expected
    }


def test_what_may_not_be_learned_is_judged_by_rare_all_the_same() -> None:
    begin, end = START_S + 18 * DAY_S, START_S + 18 * DAY_S + 15 * 3600
    job = new_job(DETECTORS["rare"], span_s=SPAN_S)
    frame = events(job)
    not_learned = ScheduledEvent("rehearsal", 1000 * begin, 1000 * end, skip_result=False)
    job.set_events([not_learned])
    judged = records(job, run(job, frame))
    other = new_job(DETECTORS["rare"], span_s=SPAN_S)
    events(other)
    away = np.flatnonzero((frame.time < begin) | (frame.time >= end))
    without = RecordFrame(
        frame.time[away], codes={name: column[away] for name, column in frame.codes.items()}
    )
    expected = records(other, run(other, without))
    during = {r.by for r in judged if begin <= r.bucket < end}
    assert {"u20", "u21", "u22"} <= during
    assert {(r.bucket, r.by, r.probability) for r in judged if not begin <= r.bucket < end} == {
        (r.bucket, r.by, r.probability) for r in expected
    }
