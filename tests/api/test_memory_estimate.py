"""Estimating the memory of a job's models before it exists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Sidecar

PATH = "/_ml/anomaly_detectors/_estimate_model_memory"
SPLIT = {"function": "mean", "field_name": "v", "partition_field_name": "host"}


def analysis(*detectors: dict[str, Any], **members: Any) -> dict[str, Any]:
    chosen = list(detectors) or [{"function": "count"}]
    return {"analysis_config": {"bucket_span": "5m", "detectors": chosen, **members}}


def megabytes(sidecar: Sidecar, **body: Any) -> int:
    response = sidecar.call("POST", PATH, body)
    assert response.status_code == 200, response.text
    estimate: str = response.json["model_memory_estimate"]
    assert estimate.endswith("mb")
    return int(estimate.removesuffix("mb"))


def test_a_job_without_splits_needs_little(sidecar: Sidecar) -> None:
    assert 1 <= megabytes(sidecar, **analysis()) <= 2


def test_more_values_need_more_memory(sidecar: Sidecar) -> None:
    few, many = (
        megabytes(sidecar, **analysis(SPLIT), overall_cardinality={"host": hosts})
        for hosts in (1000, 10_000)
    )
    assert 5 * few < many < 20 * few


def test_mlcategory_has_a_cardinality_by_default(sidecar: Sidecar) -> None:
    by_category = {"function": "count", "by_field_name": "mlcategory"}
    body = analysis(by_category, categorization_field_name="message", influencers=["mlcategory"])
    assert megabytes(sidecar, **body) >= 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            analysis({"function": "count", "by_field_name": "user"}),
            "[Overall] cardinality estimate required for [by_field_name] [user] but not supplied",
            id="no overall cardinality",
        ),
        pytest.param(
            analysis(influencers=["user"]),
            "[Bucket max] cardinality estimate required for [influencers] [user] but not supplied",
            id="no bucket cardinality",
        ),
        pytest.param({}, "An analysis_config must be set", id="no analysis"),
        pytest.param(
            {**analysis(SPLIT), "overall_cardinality": {"host": -1}},
            "[overall_cardinality] of [host] must be a whole number that is not negative, not [-1]",
            id="negative",
        ),
        pytest.param(
            {**analysis(SPLIT), "overall_cardinality": {"host": "many"}},
            "[overall_cardinality] of [host] must be a whole number that is not negative, "
            "not [many]",
            id="not a number",
        ),
    ],
)
def test_what_is_missing_is_named(sidecar: Sidecar, body: dict[str, Any], reason: str) -> None:
    response = sidecar.call("POST", PATH, body)
    assert response.status_code == 400
    root = response.json["error"]
    while "caused_by" in root:
        root = root["caused_by"]
    assert root["reason"] == reason


def test_endless_cardinalities_are_answered(sidecar: Sidecar) -> None:
    body = {**analysis(SPLIT), "overall_cardinality": {"host": 2**63 - 1}}
    assert megabytes(sidecar, **body) > 10**6
