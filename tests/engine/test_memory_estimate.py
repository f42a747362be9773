"""The estimate of model memory, held against what jobs take."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.memory_estimate import estimate_bytes
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.detector import Detector
from sidecar.schema.memory_estimate import MemoryEstimateRequest
from tests.engine.gathering import config_of, job_of

SPAN_S = 3600
DAY_S = 86_400
DAYS = 16


@pytest.mark.parametrize(
    ("detector", "values"),
    [
        pytest.param(Detector("mean", field_name="v"), 20, id="few series with windows"),
        pytest.param(Detector("mean", field_name="v"), 400, id="many series"),
        pytest.param(Detector("high_sum", field_name="v"), 400, id="sums"),
        pytest.param(Detector("metric", field_name="v"), 300, id="three features"),
    ],
)
def test_estimate_of_seasonal_series_is_close_to_what_they_take(
    detector: Detector, values: int
) -> None:
    config = config_of(dataclasses.replace(detector, partition_field_name="a"), span=SPAN_S)
    job = AnomalyJob(job_of(config))
    for code in range(values):
        job.dictionaries["a"].code(f"host-{code}.example.org")
    generator = np.random.default_rng(1)
    rows = np.arange(DAYS * 24 * values)
    time = rows // values * SPAN_S
    value = 100 + 20 * np.sin(2 * np.pi * (time % DAY_S) / DAY_S)
    value += generator.standard_normal(len(rows))
    series = (rows % values).astype(np.int32)
    for _ in job.process(RecordFrame(time, {"v": value}, {"a": series})):
        pass
    taken = job.model_size().model_bytes
    estimate = estimate_bytes(MemoryEstimateRequest(config, {"a": values}, {}))
    assert 0.7 * taken < estimate - 256 * 1024 < 1.6 * taken
