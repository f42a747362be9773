"""Requests made from the public specification, where `ML_OPENAPI` names its file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from integration.api.fuzzing import EXAMPLES, JOB, KNOWN_JOBS, fault_of
from integration.api.rest import Rest
from integration.elasticsearch import Cluster, basic
from integration.own_names import sidecar_with_own_names
from sidecar.api.routes import ROUTES

pytestmark = pytest.mark.integration

SPEC_FILE = os.environ.get("ML_OPENAPI")
if not SPEC_FILE:
    pytest.skip("ML_OPENAPI names no specification", allow_module_level=True)

SERVED = {(route.path, verb.lower()) for route in ROUTES for verb in route.methods}


def served_specification() -> Any:
    """The specification without what is not served."""
    whole = json.loads(Path(str(SPEC_FILE)).read_text())
    whole["paths"] = {
        path: kept
        for path, operations in whole["paths"].items()
        if (kept := {v: o for v, o in operations.items() if (path, v) in SERVED})
    }
    return whole


schema = schemathesis.openapi.from_dict(
    served_specification(),
    config=schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}}),
)


@pytest.fixture(scope="module")
def sidecar(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """URL and Authorization of a sidecar whose jobs are its own."""
    with sidecar_with_own_names(cluster, tmp_path_factory.mktemp("specified")) as own:
        yield own.sidecar.url, basic(cluster.username, cluster.password)
        assert "Traceback" not in own.sidecar.log.read_text()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
def test_answers_are_of_the_specified_form(
    sidecar: tuple[str, str], case: schemathesis.Case[Any]
) -> None:
    url, authorization = sidecar
    rest = Rest(url, authorization)
    if "job_id" in case.path_parameters and len(str(case.body)) % 3:
        job_id = KNOWN_JOBS[len(str(case.query)) % 2]
        case.path_parameters["job_id"] = job_id
        if case.method != "PUT":
            rest("PUT", f"/_ml/anomaly_detectors/{job_id}", JOB)
            if job_id == KNOWN_JOBS[0] and not case.path.endswith("_open"):
                rest("POST", f"/_ml/anomaly_detectors/{job_id}/_open")
    if "timeout" in case.query:
        case.query["timeout"] = "1s"
    response = case.call(base_url=url, headers={"Authorization": authorization})
    fault = fault_of(response.status_code, response.content)
    assert fault is None, f"{case.as_curl_command()}: {fault}"
    case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])
