"""Records of populations as documents."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.detector import Detector
from sidecar.schema.document_ids import record_id
from sidecar.worker.result_documents import result_documents
from tests.engine.gathering import SPAN, config_of, job_of

BUCKETS, USERS, ODD = 80, 30, 70


def documents() -> dict[str, dict[str, Any]]:
    """All documents of a job in which user 5 reads and writes much in one bucket."""
    detector = Detector(
        "mean",
        field_name="v",
        by_field_name="a",
        over_field_name="b",
        partition_field_name="c",
    )
    config = config_of(detector, influencers=("b",))
    job = AnomalyJob(job_of(config, model_plot=True))
    for field, names in (("a", ("read", "write")), ("b", map(str, range(USERS))), ("c", ("eu",))):
        for name in names:
            job.dictionaries[field].code(name)
    bucket, action, user = (
        grid.ravel()
        for grid in np.meshgrid(np.arange(BUCKETS), [0, 1], np.arange(USERS), indexing="ij")
    )
    value = np.exp(0.3 * np.random.default_rng(1).normal(size=len(bucket)))
    odd = (bucket == ODD) & (user == 5)
    value[odd] = np.where(action[odd] == 1, 500.0, 300.0)
    frame = RecordFrame(
        time=bucket * SPAN,
        numbers={"v": value},
        codes={
            "a": action.astype(np.int32),
            "b": user.astype(np.int32),
            "c": np.zeros(len(bucket), np.int32),
        },
        hashes={},
    )
    made: dict[str, dict[str, Any]] = {}
    for results in job.process(frame):
        made |= dict(
            result_documents(
                "web",
                config,
                results,
                job.series_names,
                job.dictionaries,
                processing_time_ms=1.0,
            )
        )
    return made


def test_a_record_of_an_entity_carries_its_values_in_causes() -> None:
    record = documents()[record_id("web", ODD * SPAN * 1000, SPAN, 0, "write", "5", "eu")]
    for absent in ("actual", "typical", "by_field_name", "by_field_value"):
        assert absent not in record
    assert (record["over_field_name"], record["over_field_value"]) == ("b", "5")
    assert (record["b"], record["c"], record["a"]) == (["5"], ["eu"], ["write", "read"])
    assert record["influencers"] == [
        {"influencer_field_name": "b", "influencer_field_values": ["5"]}
    ]
    first, second = record["causes"]
    probability, typical = first.pop("probability"), first.pop("typical")
    assert 0.0 < probability <= second["probability"] < 0.035
    assert len(typical) == 1
    assert math.isclose(typical[0], 1.0, rel_tol=0.5)
    assert first == {
        "by_field_name": "a",
        "by_field_value": "write",
        "partition_field_name": "c",
        "partition_field_value": "eu",
        "over_field_name": "b",
        "over_field_value": "5",
        "function": "mean",
        "function_description": "mean",
        "field_name": "v",
        "actual": [500.0],
    }
    assert (second["by_field_value"], second["actual"]) == ("read", [300.0])


def test_model_plot_has_the_bounds_of_every_by_value_and_names_no_entity() -> None:
    plots = [d for d in documents().values() if d["result_type"] == "model_plot"]
    assert {d["by_field_value"] for d in plots} == {"read", "write"}
    last = max(d["timestamp"] for d in plots)
    assert len([d for d in plots if d["timestamp"] == last]) == 2
    for plot in plots:
        assert "over_field_value" not in plot
        assert "actual" not in plot
        assert plot["model_lower"] <= plot["model_median"] <= plot["model_upper"]
