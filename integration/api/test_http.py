"""HTTP itself: presentation of answers, shapes of errors, and requests that are hardly any."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from integration.api.conftest import BASE, Jobs
from integration.api.rest import Rest
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess

pytestmark = pytest.mark.integration

VENDOR = "application/vnd.elasticsearch+json"


@pytest.fixture(scope="module")
def job_id(shared_jobs: Jobs) -> str:
    return shared_jobs.create(groups=["http-tests"])


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/html, */*", "application/json"),
        (f"{VENDOR}; compatible-with=8", f"{VENDOR};compatible-with=8"),
        (f"{VENDOR};compatible-with=9", f"{VENDOR};compatible-with=9"),
    ],
)
def test_type_of_the_answer(rest: Rest, job_id: str, accept: str | None, answered: str) -> None:
    headers = {} if accept is None else {"Accept": accept}
    for path in (f"{BASE}/{job_id}", f"{BASE}/no-such-job"):
        reply = rest("GET", path, headers={**headers, "X-Opaque-Id": "me"})
        assert reply.headers["content-type"] == answered
        assert reply.headers["x-elastic-product"] == "Elasticsearch"
        assert reply.headers["x-opaque-id"] == "me"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("filter_path=count", {"count": 1}),
        ("filter_path=jobs.job_id,-count", {"jobs": [{"job_id": "{0}"}]}),
        ("filter_path=jobs.analysis_config.det*.function",
         {"jobs": [{"analysis_config": {"detectors": [{"function": "count"}]}}]}),
        ("filter_path=**.groups", {"jobs": [{"groups": ["http-tests"]}]}),
        ("filter_path=nothing", {}),
    ],
)  # fmt: skip
def test_answers_can_be_filtered(rest: Rest, job_id: str, query: str, shown: object) -> None:
    expected = json.loads(json.dumps(shown).replace("{0}", job_id))
    assert rest("GET", f"{BASE}/{job_id}?{query}").json == expected


def test_answers_for_people(rest: Rest, job_id: str) -> None:
    plain = rest("GET", f"{BASE}/{job_id}")
    pretty = rest("GET", f"{BASE}/{job_id}?pretty")
    assert pretty.json == plain.json
    assert pretty.content.startswith(b'{\n  "count" : 1,\n')
    human = rest("GET", f"{BASE}/{job_id}?human=true").json["jobs"][0]
    assert human["create_time_string"].endswith("Z")
    traced = rest("GET", f"{BASE}/no-such-job?error_trace").json
    assert "ResourceNotFoundError" in traced["error"]["stack_trace"]


def raw(
    sidecar: SidecarProcess, cluster: Cluster, head: list[bytes], body: bytes = b""
) -> tuple[int, Mapping[str, str], bytes]:
    """Send these very bytes; the first answer's status, headers and body."""
    credentials = base64.b64encode(f"{cluster.username}:{cluster.password}".encode())
    lines = [*head, b"Host: h", b"Authorization: Basic " + credentials, b"Connection: close"]
    address = urlsplit(sidecar.url)
    with socket.create_connection((str(address.hostname), int(address.port or 80))) as connection:
        connection.settimeout(60)
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        connection.shutdown(socket.SHUT_WR)
        content = b"".join(iter(lambda: connection.recv(65536), b""))
    answer, _, rest = content.partition(b"\r\n\r\n")
    first, *others = answer.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in others)
    return int(first.split(" ")[1]), headers, rest


GET = b"GET /_ml/anomaly_detectors HTTP/1.1"
POST = b"POST /_ml/anomaly_detectors/no-such-job/_flush HTTP/1.1"
TYPE = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"
ODD = {
    "length is no number": ([POST, TYPE, b"Content-Length: abc"], b"", 400),
    "negative length": ([POST, TYPE, b"Content-Length: -1"], b"", 400),
    "two lengths": ([POST, TYPE, b"Content-Length: 2", b"Content-Length: 3"], b"{} ", 400),
    "length and chunks": ([POST, TYPE, CHUNKED, b"Content-Length: 2"], b"0\r\n\r\n", 400),
    "unknown coding": ([POST, TYPE, b"Transfer-Encoding: zip"], b"{}", 400),
    "bad chunk": ([POST, TYPE, CHUNKED], b"zz\r\n{}\r\n0\r\n\r\n", 400),
    "chunks without end": ([POST, TYPE, CHUNKED], b"2\r\n{}\r\n", 400),
    "body too short": ([POST, TYPE, b"Content-Length: 9"], b"{}", 400),
    "long header": ([GET, b"X-A: " + b"a" * 20_000], b"", 400),
    "many headers": ([GET, *[b"X-A: a"] * 300], b"", 400),
    "long line": ([b"GET /" + b"a" * 20_000 + b" HTTP/1.1"], b"", 400),
    "header without colon": ([GET, b"nothing"], b"", 400),
    "folded header": ([GET, b"X-A: a", b" b"], b"", 400),
    "zero in a header": ([GET, b"X-A: a\0b"], b"", 400),
    "future version": ([b"GET / HTTP/9.9"], b"", 400),
    "lower-case verb": ([b"get /_ml/anomaly_detectors HTTP/1.1"], b"", 400),
    "unknown verb": ([b"BREW /_ml/anomaly_detectors HTTP/1.1"], b"", 405),
    "unknown expectation": ([GET, b"Expect: everything"], b"", 417),
    "raw bytes in the path": ([b"GET /_ml/anomaly_detectors/\xff HTTP/1.1"], b"", 400),
    "no path": ([b"GET * HTTP/1.1"], b"", 400),
    "escaped bytes": ([b"GET /_ml/anomaly_detectors/%ff%00%ed%a0%80 HTTP/1.1"], b"", 404),
    "broken escape": ([b"GET /_ml/anomaly_detectors/%zz HTTP/1.1"], b"", 404),
    "absolute": ([b"GET http://elsewhere/_ml/anomaly_detectors/no-such-job HTTP/1.1"], b"", 404),
    "script name": ([GET, b"SCRIPT_NAME: /x"], b"", 200),
    "path as header": ([GET, b"PATH_INFO: /"], b"", 200),
    "contradicting schemes": (
        [GET, b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: off"], b"", 200,
    ),
    "pipelined": ([GET, b"X-A: a"], GET + b"\r\n\r\n", 200),
    "HTTP/1.0": ([b"GET /_ml/anomaly_detectors HTTP/1.0"], b"", 200),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_requests_are_answered_in_json(
    sidecar: SidecarProcess, cluster: Cluster, name: str
) -> None:
    head, body, expected = ODD[name]
    status, headers, content = raw(sidecar, cluster, head, body)
    assert status == expected, content
    assert headers["content-type"] == "application/json"
    assert headers["x-elastic-product"] == "elasticsearch"
    answer = json.loads(content)
    if status >= 400 and isinstance(answer["error"], dict):
        assert answer["status"] == status
        assert answer["error"]["root_cause"][0]["reason"] == answer["error"]["reason"]


def test_requests_follow_one_another_on_a_connection(
    sidecar: SidecarProcess, cluster: Cluster
) -> None:
    credentials = base64.b64encode(f"{cluster.username}:{cluster.password}".encode())
    common = b"\r\nHost: h\r\nAuthorization: Basic " + credentials + b"\r\n"
    flush = POST + common + TYPE + b"\r\nContent-Length: 2\r\n\r\n{}"
    address = urlsplit(sidecar.url)
    with socket.create_connection((str(address.hostname), int(address.port or 80))) as connection:
        connection.settimeout(60)
        connection.sendall(
            GET + common + b"\r\n" + flush + GET + common + b"Connection: close\r\n\r\n"
        )
        content = b"".join(iter(lambda: connection.recv(65536), b""))
    assert content.count(b"HTTP/1.1 200") == 2
    assert content.count(b"HTTP/1.1 409") == 1
