"""The estimate of model memory, held against what jobs take."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.expected_bytes import ROWS
from sidecar.engine.gathering.time_slots import slots_of
from sidecar.engine.memory_estimate import estimate_bytes
from sidecar.engine.models.location.buckets import INCIDENT_WIDTH
from sidecar.engine.models.population import layout as population
from sidecar.engine.models.series import layout as series
from sidecar.engine.models.series.found_period import PERIOD_WIDTH
from sidecar.engine.models.series.series_table import RICH_SERIES
from sidecar.engine.models.series.windows import RING
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


@pytest.mark.parametrize(
    ("expected", "taken"),
    [
        pytest.param(ROWS.series, 8 * series.WIDTH + 4 * series.SKETCH_WIDTH, id="series"),
        pytest.param(ROWS.series_coarse, 4 * series.COARSE_BINS, id="season test"),
        pytest.param(
            ROWS.series_rich,
            4 * (series.RICH_WIDTH + 2 * RING + 2 * series.LAGS) + 8 * PERIOD_WIDTH,
            id="richer features",
        ),
        pytest.param(
            ROWS.attribute, 8 * population.WIDTH + 4 * population.SKETCH_WIDTH, id="attribute"
        ),
        pytest.param(ROWS.remembered, 8 * population.MEMORY_WIDTH + 8, id="entity remembered"),
        pytest.param(ROWS.place_series, 8 * (INCIDENT_WIDTH + 1), id="series with places"),
    ],
)
def test_rows_are_about_as_long_as_the_estimate_has_them(expected: float, taken: int) -> None:
    assert 0.8 * taken < expected < 1.25 * taken


@pytest.mark.parametrize(
    ("detector", "least", "most"),
    [
        pytest.param(Detector("rare"), 64, 128, id="rare"),
        pytest.param(Detector("lat_long", field_name="v"), 408, 512, id="places"),
        pytest.param(Detector("time_of_day"), 4 * slots_of(DAY_S), 640, id="time of day"),
        pytest.param(Detector("time_of_week"), 4 * slots_of(7 * DAY_S), 1600, id="time of week"),
    ],
)
def test_estimate_of_other_models_grows_with_their_rows(
    detector: Detector, least: int, most: int
) -> None:
    config = config_of(dataclasses.replace(detector, by_field_name="a"), span=SPAN_S)
    few, many = (
        estimate_bytes(MemoryEstimateRequest(config, {"a": values}, {}))
        for values in (RICH_SERIES, RICH_SERIES + 1000)
    )
    names_and_series = 1000 * 320
    assert 1000 * least <= many - few - names_and_series <= 1000 * most
