"""Every error has the shape that clients of Elasticsearch know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.api.routes import ROUTES
from sidecar.errors import (
    BadRequestError,
    IllegalArgumentError,
    MlError,
    TooManyRequestsError,
    UnavailableError,
    UpstreamError,
)
from tests.api.conftest import Sidecar

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "http_errors.json").read_text())
OPERATIONS = [(verb, r) for r in ROUTES for verb in r.methods if verb != "HEAD"]


@pytest.mark.parametrize("case", GOLDEN, ids=[case["name"] for case in GOLDEN])
def test_golden_error(sidecar: Sidecar, case: dict[str, Any]) -> None:
    for step in case.get("given", []):
        sidecar.call(*step)
    body = case.get("body")
    response = sidecar.call(
        case["method"],
        case["path"],
        body.encode() if isinstance(body, str) else body,
        headers=case.get("headers"),
        **({"content_type": case["content_type"]} if "content_type" in case else {}),
    )

    assert response.json == case["answer"]
    assert response.status_code == case["status"]
    for name, value in case.get("answer_headers", {}).items():
        assert response.headers[name] == value


def assert_error_shape(response: Any, status: int) -> None:
    assert response.status_code == status
    assert response.json["status"] == status
    error = response.json["error"]
    assert isinstance(error["type"], str)
    assert isinstance(error["reason"], str)
    (root_cause,) = error["root_cause"]
    assert root_cause["type"] == error["type"]
    assert root_cause["reason"] == error["reason"]
    assert response.headers["X-Elastic-Product"] == "Elasticsearch"
    assert response.content_type == "application/json"


@pytest.mark.parametrize(
    ("verb", "route"), OPERATIONS, ids=[f"{verb} {route.path}" for verb, route in OPERATIONS]
)
@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(BadRequestError("no"), 400, id="refused"),
        pytest.param(UnavailableError("gone"), 503, id="unavailable"),
        pytest.param(RuntimeError("secret detail"), 500, id="defect"),
    ],
)
def test_error_shape_is_the_same_everywhere(
    sidecar: Sidecar, verb: str, route: Any, error: Exception, status: int
) -> None:
    sidecar.stores.privileges.fail_with(error)
    path = route.path.format(job_id="web", task_id="node:1", timestamp="1000")

    response = sidecar.call(verb, path)

    assert_error_shape(response, status)
    assert "secret detail" not in response.text


@pytest.mark.parametrize(
    ("verb", "route"), OPERATIONS, ids=[f"{verb} {route.path}" for verb, route in OPERATIONS]
)
def test_unknown_parameter_is_refused_everywhere(sidecar: Sidecar, verb: str, route: Any) -> None:
    path = route.path.format(job_id="web", task_id="node:1", timestamp="1000")

    response = sidecar.call(verb, f"{path}?preety=true")

    assert_error_shape(response, 400)
    reason = f"request [{path}] contains unrecognized parameter: [preety] -> did you mean [pretty]?"
    assert response.json["error"]["reason"] == reason


def test_causes_nest(sidecar: Sidecar) -> None:
    sidecar.stores.cluster.fail_with(
        MlError("outer", cause=IllegalArgumentError("inner"), metadata={"line": 1, "col": 2})
    )

    assert sidecar.call("GET", "/").json == {
        "error": {
            "root_cause": [{"type": "exception", "reason": "outer", "line": 1, "col": 2}],
            "type": "exception",
            "reason": "outer",
            "line": 1,
            "col": 2,
            "caused_by": {"type": "illegal_argument_exception", "reason": "inner"},
        },
        "status": 500,
    }


def test_answer_of_elasticsearch_passes_unchanged(sidecar: Sidecar) -> None:
    body = {"error": {"type": "odd_exception", "reason": "odd", "extra": [1]}, "status": 418}
    sidecar.stores.cluster.fail_with(UpstreamError(418, body, {"X-Odd": "yes"}))

    response = sidecar.call("GET", "/")

    assert response.status_code == 418
    assert response.json == body
    assert response.headers["X-Odd"] == "yes"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(TooManyRequestsError("full"), "5", id="default of 429"),
        pytest.param(UnavailableError("gone"), "5", id="default of 503"),
        pytest.param(UnavailableError("gone", headers={"Retry-After": "60"}), "60", id="as raised"),
    ],
)
def test_caller_is_told_when_to_come_again(sidecar: Sidecar, error: MlError, expected: str) -> None:
    sidecar.stores.cluster.fail_with(error)

    assert sidecar.call("GET", "/").headers["Retry-After"] == expected


def test_defect_is_logged_under_the_id_that_is_answered(
    sidecar: Sidecar, caplog: pytest.LogCaptureFixture
) -> None:
    sidecar.stores.cluster.fail_with(RuntimeError("boom"))

    response = sidecar.call("GET", "/", headers={"X-Opaque-Id": "my-request"})

    assert "[my-request]" in response.json["error"]["reason"]
    (record,) = caplog.records
    assert record.__dict__["trace.id"] == "my-request"
    assert "boom" in caplog.text


def test_error_trace_tells_where(sidecar: Sidecar) -> None:
    sidecar.stores.cluster.fail_with(BadRequestError("no"))

    error = sidecar.call("GET", "/?error_trace").json["error"]

    assert "BadRequestError: no" in error["stack_trace"]
    assert error["root_cause"][0]["stack_trace"] == error["stack_trace"]


def test_errors_are_not_filtered(sidecar: Sidecar) -> None:
    response = sidecar.call("GET", "/_ml/anomaly_detectors/x?filter_path=count")

    assert_error_shape(response, 404)


def test_errors_can_be_pretty(sidecar: Sidecar) -> None:
    response = sidecar.call("GET", "/_ml/anomaly_detectors/x?pretty")

    assert response.text.startswith('{\n  "error" : {\n    "root_cause" : [\n')


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        pytest.param("/", "GET,HEAD", id="root"),
        pytest.param("/_ml/anomaly_detectors", "GET", id="one verb"),
        pytest.param("/_ml/anomaly_detectors/web", "GET,PUT,DELETE", id="job"),
        pytest.param("/_ml/anomaly_detectors/web/results/records", "GET,POST", id="records"),
    ],
)
def test_options_lists_the_verbs(sidecar: Sidecar, path: str, allowed: str) -> None:
    response = sidecar.call("OPTIONS", path)

    assert response.status_code == 200
    assert response.data == b""
    assert response.headers["Allow"] == allowed


def test_head_is_not_served_where_get_is(sidecar: Sidecar) -> None:
    response = sidecar.call("HEAD", "/_ml/anomaly_detectors")

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET"
