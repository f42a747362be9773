"""What all answers have in common."""

from __future__ import annotations

import pytest

from sidecar.api.rendering import readable_date, with_readable_dates
from tests.api.conftest import Sidecar


def test_root_is_that_of_the_cluster(sidecar: Sidecar) -> None:
    response = sidecar.call("GET", "/")

    assert response.json["tagline"] == "You Know, for Search"
    assert response.headers["X-Elastic-Product"] == "Elasticsearch"


def test_head_of_the_root_has_no_body(sidecar: Sidecar) -> None:
    response = sidecar.call("HEAD", "/")

    assert response.status_code == 200
    assert response.data == b""
    assert response.headers["X-Elastic-Product"] == "Elasticsearch"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(None, "application/json", id="none"),
        pytest.param("*/*", "application/json", id="anything"),
        pytest.param("application/json", "application/json", id="json"),
        pytest.param("text/html,application/xhtml+xml", "application/json", id="browser"),
        pytest.param(
            "application/vnd.elasticsearch+json; compatible-with=8",
            "application/vnd.elasticsearch+json;compatible-with=8",
            id="client 8",
        ),
        pytest.param(
            "application/vnd.elasticsearch+json;compatible-with=9",
            "application/vnd.elasticsearch+json;compatible-with=9",
            id="client 9",
        ),
    ],
)
def test_answer_has_the_media_type_asked_for(
    sidecar: Sidecar, accept: str | None, expected: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}

    assert sidecar.call("GET", "/", headers=headers).content_type == expected
    assert sidecar.call("GET", "/no/such", headers=headers).content_type == expected


def test_other_formats_are_refused(sidecar: Sidecar) -> None:
    response = sidecar.call("GET", "/?format=yaml")

    assert response.status_code == 400
    assert response.json["error"]["reason"] == "format [yaml] is not supported, use [json]"
    assert sidecar.call("GET", "/?format=json").status_code == 200


def test_opaque_id_is_echoed(sidecar: Sidecar) -> None:
    for path in ("/", "/no/such"):
        response = sidecar.call("GET", path, headers={"X-Opaque-Id": "me"})
        assert response.headers["X-Opaque-Id"] == "me"


def test_caller_is_known_by_its_headers(sidecar: Sidecar) -> None:
    sidecar.call(
        "GET",
        "/",
        headers={
            "Authorization": "Basic eA==",
            "es-secondary-authorization": "ApiKey eQ==",
            "es-security-runas-user": "jane",
            "X-Opaque-Id": "me",
        },
    )

    ((caller, _),) = sidecar.stores.privileges.asked
    assert caller.authorization == "Basic eA=="
    assert caller.secondary_authorization == "ApiKey eQ=="
    assert caller.run_as == "jane"
    assert caller.opaque_id == "me"


def test_pretty_answer_is_indented(sidecar: Sidecar) -> None:
    text = sidecar.call("GET", "/_ml/anomaly_detectors?pretty").text

    assert text == '{\n  "count" : 0,\n  "jobs" : []\n}\n'


def test_filtered_answer_has_what_was_asked_for(sidecar: Sidecar) -> None:
    sidecar.put_job()

    body = sidecar.call("GET", "/_ml/anomaly_detectors?filter_path=jobs.job_id").json

    assert body == {"jobs": [{"job_id": "web"}]}


def test_of_a_parameter_given_twice_the_last_counts(sidecar: Sidecar) -> None:
    path = "/_ml/anomaly_detectors/nope*?allow_no_match=true&allow_no_match=false"

    assert sidecar.call("GET", path).status_code == 404


@pytest.mark.parametrize("path", ["/_ml/anomaly_detectors/", "/_ml/anomaly_detectors/_stats/"])
def test_trailing_slash_does_not_matter(sidecar: Sidecar, path: str) -> None:
    assert sidecar.call("GET", path).json == {"count": 0, "jobs": []}


@pytest.mark.parametrize(
    ("epoch_ms", "text"),
    [
        pytest.param(0, "1970-01-01T00:00:00.000Z", id="epoch"),
        pytest.param(1_459_468_800_123, "2016-04-01T00:00:00.123Z", id="milliseconds"),
        pytest.param(-1, "1969-12-31T23:59:59.999Z", id="before"),
        pytest.param(10**18, str(10**18), id="beyond all calendars"),
    ],
)
def test_date_is_readable(epoch_ms: int, text: str) -> None:
    assert readable_date(epoch_ms) == text


def test_companions_stand_before_their_dates_everywhere() -> None:
    value = {"jobs": [{"create_time": 0, "custom_settings": {"timestamp": 1}, "timestamp": "x"}]}

    assert with_readable_dates(value) == {
        "jobs": [
            {
                "create_time_string": "1970-01-01T00:00:00.000Z",
                "create_time": 0,
                "custom_settings": {"timestamp": 1},
                "timestamp": "x",
            }
        ]
    }
