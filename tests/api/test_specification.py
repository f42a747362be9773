"""Routes and answers held against the public specification, where `ML_OPENAPI` names its file."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sidecar.api.rest import Route
from sidecar.api.routes import ROUTES
from sidecar.services.actions import ACTIONS
from tests.api.conftest import JOB, Sidecar

SPEC_FILE = os.environ["ML_OPENAPI"]
PRIVILEGES = {"cluster:admin/": "manage_ml", "cluster:monitor/": "monitor_ml"}
OPERATIONS = [(v, r) for r in ROUTES for v in r.methods if r.api.startswith("ml.")]
_COMMON = {"timestamp": 300_000, "bucket_span": 300, "is_interim": False, "probability": 0.01}
_BUCKET_INFLUENCER = {
    **_COMMON,
    "job_id": "web",
    "result_type": "bucket_influencer",
    "influencer_field_name": "bucket_time",
    "initial_anomaly_score": 1.0,
    "anomaly_score": 1.0,
    "raw_anomaly_score": 0.1,
}
RESULTS = (
    {
        "result_type": "bucket",
        "timestamp": 300_000,
        "bucket_span": 300,
        "is_interim": False,
        "anomaly_score": 1.0,
        "initial_anomaly_score": 1.0,
        "event_count": 3,
        "processing_time_ms": 1,
        "bucket_influencers": [_BUCKET_INFLUENCER],
    },
    {
        **_COMMON,
        "result_type": "record",
        "record_score": 2.0,
        "initial_record_score": 2.0,
        "detector_index": 0,
        "function": "count",
        "function_description": "count",
        "actual": [3.0],
        "typical": [1.0],
    },
    {
        **_COMMON,
        "result_type": "influencer",
        "influencer_field_name": "host",
        "influencer_field_value": "a",
        "influencer_score": 1.0,
        "initial_influencer_score": 1.0,
        "host": "a",
    },
)


@functools.cache
def specification() -> Any:
    return json.loads(Path(SPEC_FILE).read_text())


def resolved(value: Any) -> Any:
    """What a reference refers to."""
    while "$ref" in value:
        found = specification()
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        value = found
    return value


@pytest.mark.parametrize(
    ("verb", "route"), OPERATIONS, ids=[f"{verb} {route.path}" for verb, route in OPERATIONS]
)
def test_operation_is_specified(verb: str, route: Route) -> None:
    operation = specification()["paths"][route.path][verb.lower()]
    specified = map(resolved, operation.get("parameters", []))
    parameters = {p["name"] for p in specified if p["in"] == "query"}
    action = ACTIONS[route.api]

    assert operation["x-api-name"] == route.api
    assert operation["x-cluster-privileges"] == [
        privilege for prefix, privilege in PRIVILEGES.items() if action.startswith(prefix)
    ]
    assert parameters <= route.query_parameters


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("PUT", "/_ml/anomaly_detectors/{job_id}", JOB),
        ("GET", "/_ml/anomaly_detectors/{job_id}", None),
        ("GET", "/_ml/anomaly_detectors/{job_id}/_stats", None),
        ("POST", "/_ml/anomaly_detectors/{job_id}/_update", {"description": "x"}),
        ("POST", "/_ml/anomaly_detectors/{job_id}/_open", None),
        ("POST", "/_ml/anomaly_detectors/{job_id}/_data", {"time": 1}),
        ("POST", "/_ml/anomaly_detectors/{job_id}/_flush", None),
        ("GET", "/_ml/anomaly_detectors/{job_id}/results/buckets", None),
        ("GET", "/_ml/anomaly_detectors/{job_id}/results/records", None),
        ("GET", "/_ml/anomaly_detectors/{job_id}/results/influencers", None),
        ("POST", "/_ml/anomaly_detectors/{job_id}/_close", None),
        ("DELETE", "/_ml/anomaly_detectors/{job_id}", None),
    ],
)
def test_answer_is_of_the_specified_form(sidecar: Sidecar, verb: str, path: str, body: Any) -> None:
    job_id = "new" if verb == "PUT" else "web"
    sidecar.put_job("web")
    if path.endswith(("_data", "_flush", "_close", "_stats")):
        sidecar.open_job()
    sidecar.runtime.last_finalized_bucket_end = 300_000
    sidecar.write_results("web", RESULTS)

    response = sidecar.call(verb, path.format(job_id=job_id), body)

    assert response.status_code < 300, response.text
    spec = specification()
    answers = resolved(spec["paths"][path][verb.lower()]["responses"]["200"])
    schema = answers["content"]["application/json"]["schema"]
    whole = {**schema, "components": spec["components"]}
    jsonschema.Draft4Validator(whole).validate(response.json)
