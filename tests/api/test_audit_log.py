"""Refused and changing requests are written down, with who did what from where and no secret."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from ecs_logging import StdlibFormatter

from sidecar.errors import UnavailableError
from sidecar.logs import AUDIT_LOGGER, log_config
from tests.api.conftest import JOB, Sidecar
from tests.fakes.surroundings import FakeUser

SECRET = "Basic c2VjcmV0"
JOBS = "/_ml/anomaly_detectors"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """Read the lines written so far, as the configured formatter writes them."""
    caplog.set_level(logging.INFO, logger=AUDIT_LOGGER)

    def read() -> list[dict[str, Any]]:
        records = [each for each in caplog.records if each.name == AUDIT_LOGGER]
        return [json.loads(StdlibFormatter().format(each)) for each in records]

    return read


@pytest.fixture
def alice(sidecar: Sidecar) -> Sidecar:
    sidecar.stores.privileges.users = {SECRET: FakeUser("alice")}
    return sidecar


def test_a_change_tells_who_did_what_from_where(alice: Sidecar, lines: Any) -> None:
    headers = {"Authorization": SECRET, "X-Opaque-Id": "my-trace"}
    alice.call("PUT", f"{JOBS}/web", JOB, headers=headers)
    (line,) = lines()
    assert line["event"] == {
        "action": "cluster:admin/xpack/ml/job/put",
        "category": ["configuration"],
        "dataset": AUDIT_LOGGER,
        "kind": "event",
        "outcome": "success",
        "type": ["creation"],
    }
    assert line["user"] == {"name": "alice"}
    assert line["source"] == {"ip": "127.0.0.1"}
    assert line["http"] == {"request": {"method": "PUT"}, "response": {"status_code": 200}}
    assert line["url"] == {"path": f"{JOBS}/web"}
    assert line["trace"] == {"id": "my-trace"}


def test_whose_rights_counted_is_told_beside_who_called(alice: Sidecar, lines: Any) -> None:
    headers = {"Authorization": SECRET, "es-security-runas-user": "bob"}
    alice.call("DELETE", f"{JOBS}/web", headers=headers)
    (line,) = lines()
    assert line["user"] == {"name": "alice", "effective": {"name": "bob"}}
    assert line["event"]["outcome"] == "failure"
    assert line["event"]["type"] == ["deletion"]


def test_a_forbidden_request_is_written_even_if_it_only_reads(alice: Sidecar, lines: Any) -> None:
    alice.stores.privileges.deny("cluster:monitor/xpack/ml/job/get")
    alice.call("GET", f"{JOBS}/web", headers={"Authorization": SECRET})
    (line,) = lines()
    assert line["event"]["category"] == ["iam"]
    assert line["event"]["type"] == ["denied"]
    assert line["event"]["outcome"] == "failure"
    assert line["event"]["reason"].startswith("action [cluster:monitor/xpack/ml/job/get] is")
    assert line["user"] == {"name": "alice"}


def test_a_stranger_has_no_name(alice: Sidecar, lines: Any) -> None:
    alice.call("GET", f"{JOBS}/_stats", headers={"Authorization": "Basic wrong"})
    (line,) = lines()
    assert line["event"]["category"] == ["authentication"]
    assert line["event"]["outcome"] == "failure"
    assert "user" not in line


def test_reading_and_asking_leave_no_line(alice: Sidecar, lines: Any) -> None:
    headers = {"Authorization": SECRET}
    alice.call("GET", f"{JOBS}/_all", headers=headers)
    alice.call("POST", f"{JOBS}/_estimate_model_memory", {}, headers=headers)
    alice.call("GET", "/no/such/path", headers=headers)
    assert lines() == []


def test_a_fault_leaves_open_whether_something_changed(alice: Sidecar, lines: Any) -> None:
    alice.stores.jobs.fail_with(RuntimeError("defect"))
    alice.call("PUT", f"{JOBS}/web", JOB, headers={"Authorization": SECRET})
    (line,) = lines()
    assert line["event"]["outcome"] == "unknown"


def test_nobody_is_asked_about_where_nobody_answers(alice: Sidecar, lines: Any) -> None:
    alice.stores.privileges.fail_with(UnavailableError("away"))
    alice.call("PUT", f"{JOBS}/web", JOB, headers={"Authorization": SECRET})
    (line,) = lines()
    assert line["event"]["outcome"] == "unknown"
    assert "user" not in line
    assert "identify" not in alice.stores.privileges.calls


def test_no_secret_is_written(alice: Sidecar, lines: Any, caplog: pytest.LogCaptureFixture) -> None:
    headers = {
        "Authorization": SECRET,
        "es-secondary-authorization": SECRET,
        "Cookie": "cookie-value",
    }
    source = "&source=%7B%22description%22%3A%22body-value%22%7D&source_content_type=a/json"
    alice.call("PUT", f"{JOBS}/web?query-value{source}", b'{"body-value": 1}', headers=headers)
    alice.call("POST", f"{JOBS}/web/_update", {"description": "body-value"}, headers=headers)
    alice.stores.privileges.deny("cluster:")
    alice.call("POST", f"{JOBS}/web/_open?query-value", headers=headers)
    headers["Authorization"] = "Basic d3Jvbmc="
    alice.call("POST", f"{JOBS}/web/_open?query-value", headers=headers)
    assert len(lines()) == 4
    written = json.dumps(lines()) + caplog.text
    for secret in (SECRET, "c2VjcmV0", "d3Jvbmc", "cookie-value", "body-value", "query-value"):
        assert secret not in written


def test_the_audit_log_is_written_whatever_the_level() -> None:
    assert log_config("error")["loggers"][AUDIT_LOGGER] == {"level": "INFO"}
