"""A model state that an earlier version wrote is taken over, and its models go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.arrays import FloatArray
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.job import DataDescription, Job
from sidecar.schema.units import TimeValue

START_S = 1_700_006_400
SPAN_S = 3600
DAY_BUCKETS = 24
# State after twelve days of `frame_of`, of format version 1.
STATE = Path(__file__).with_name("model_state_1.bin")
LEARNED = 12 * DAY_BUCKETS


def job_of() -> AnomalyJob:
    """A job of two series: one with the shape of a day, one without."""
    detector = Detector("mean", field_name="value", partition_field_name="region")
    config = AnalysisConfig(TimeValue(SPAN_S * 1000, "1h"), (detector,))
    return AnomalyJob(Job("golden", config, DataDescription()))


def expected(hours: FloatArray) -> FloatArray:
    """(k, 2) values without their noise."""
    return np.stack([100 + 10 * np.sin(hours / DAY_BUCKETS * 2 * np.pi), 40 + 0 * hours], axis=1)


def frame_of(first: int, last: int, *, spike: int = -1) -> RecordFrame:
    """A record of each series in each hour first..last - 1."""
    hours = np.arange(first, last)
    noise = np.random.default_rng(9).normal(size=(LEARNED * 2, 2))
    values = expected(hours.astype(np.float64)) + 0.5 * noise[first:last]
    values[hours == spike] += 30.0
    return RecordFrame(
        time=START_S + np.repeat(hours.astype(np.int64), 2) * SPAN_S,
        numbers={"value": values.ravel()},
        codes={"region": np.tile(np.arange(2, dtype=np.int32), len(hours))},
        hashes={},
    )


def test_state_of_an_earlier_version_goes_on() -> None:
    job = AnomalyJob.restore(job_of().job, [STATE.read_bytes()])
    assert [job.dictionaries["region"].name(code) for code in (0, 1)] == ["east", "west"]
    spike = LEARNED + 30
    blocks = list(job.process(frame_of(LEARNED, LEARNED + 2 * DAY_BUCKETS, spike=spike)))
    time = np.concatenate([block.time for block in blocks])
    score = np.concatenate([block.score for block in blocks])
    at = time == START_S + spike * SPAN_S
    assert score[at][0] > 75
    assert score[time < START_S + spike * SPAN_S].max() < 50
    (block,) = [b for b in blocks if START_S + spike * SPAN_S in b.time]
    rows = block.time[block.records.bucket] == START_S + spike * SPAN_S
    typical = dict(
        zip(block.records.series[rows].tolist(), block.records.typical[rows].tolist(), strict=True)
    )
    for series, value in enumerate(expected(np.array([float(spike)]))[0]):
        assert typical[series] == pytest.approx(value, abs=1.5)
