"""A client that knows what was answered: it repeats what was not, and never what was."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from integration.demo.farequote import generate
from integration.elasticsearch import Cluster, basic

JOB: dict[str, Any] = {
    "analysis_config": {
        "bucket_span": "1h",
        "detectors": [
            {"function": "mean", "field_name": "responsetime", "by_field_name": "airline"},
            {"function": "count"},
        ],
        "influencers": ["airline"],
    },
    "data_description": {"time_field": "time", "time_format": "epoch"},
}
RECORDS, POSTS = 3_000, 6
# Large enough that half of an upload is on disk before the other half is sent.
_PADDING = "x" * 6_000
_PATIENCE_S = 90.0
# What a repeated run may not repeat: names, the times of requests, how long things took.
_OWN = frozenset(
    {"job_id", "log_time", "last_data_time", "latest_empty_bucket_timestamp", "processing_time_ms"}
)


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, parsed body and headers (lower case) of an answer."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def bodies() -> list[bytes]:
    """The uploads of every run, in order; a padding field that no detector reads is in them."""
    blocks = generate(records=RECORDS).ndjson(records_per_block=RECORDS // POSTS)
    padding = f',"padding":"{_PADDING}"}}\n'.encode()
    return [block.replace(b"}\n", padding) for block in blocks]


def wait_for(condition: Callable[[], Any], what: str, patience_s: float = _PATIENCE_S) -> Any:
    """Poll until the condition holds; returns what it gave."""
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)
    return found


class CarefulClient:
    """Requests about one job, each over a connection of its own."""

    def __init__(self, url: str, cluster: Cluster, job_id: str) -> None:
        self.url = url
        self.cluster = cluster
        self.job_id = job_id
        self._is_removed = False

    def headers(self) -> dict[str, str]:
        """Who we are, and that we send lines of JSON."""
        return {
            "Authorization": basic(self.cluster.username, self.cluster.password),
            "Content-Type": "application/x-ndjson",
        }

    def connect(self, timeout_s: float = 150.0) -> http.client.HTTPConnection:
        """A new connection; `timeout_s` bounds every wait."""
        parts = urlsplit(self.url)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)

    def request(self, method: str, path: str, body: Any = None, timeout_s: float = 150.0) -> Reply:
        """One request below `_ml/anomaly_detectors/<job>`; raises OSError if it is not answered."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = self.headers()
        if not isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
        connection = self.connect(timeout_s)
        try:
            target = f"/_ml/anomaly_detectors/{self.job_id}{path}"
            connection.request(method, target, data, headers)
            return reply_of(connection)
        finally:
            connection.close()

    def done(self, method: str, path: str, body: Any = None) -> Any:
        """One request that has to succeed; returns the answer's body."""
        reply = self.request(method, path, body)
        assert reply.status in (200, 202), (method, path, reply)
        return reply.body

    def post(self, body: bytes) -> Reply:
        """Send an upload once."""
        return self.request("POST", "/_data", body)

    def post_until_taken(self, body: bytes) -> list[int]:
        """Send an upload until it is taken; returns all statuses, 0 for no answer."""
        statuses: list[int] = []
        deadline = time.monotonic() + _PATIENCE_S
        while not statuses or statuses[-1] != 202:
            assert time.monotonic() < deadline, statuses
            try:
                reply = self.post(body)
            except (OSError, http.client.HTTPException):
                statuses.append(0)
                time.sleep(0.05)
                continue
            assert reply.status in (202, 429, 503), reply
            statuses.append(reply.status)
        return statuses

    def create(self) -> CarefulClient:
        """Create the job and open it."""
        self.done("PUT", "", JOB)
        self.done("POST", "/_open")
        return self

    def state(self) -> str:
        """The job's state."""
        return str(self.stats()["state"])

    def stats(self) -> dict[str, Any]:
        """The job's statistics."""
        found: dict[str, Any] = self.done("GET", "/_stats")["jobs"][0]
        return found

    def remove(self) -> None:
        """Delete the job whatever its state is; gone already is fine, and done once is enough."""
        if self._is_removed:
            return
        reply = self.request("DELETE", "?force=true")
        assert reply.status in (200, 404), reply
        self._is_removed = True

    def outcome(self) -> dict[str, Any]:
        """Everything a closed job has found and counted, comparable with another run's."""
        found: dict[str, Any] = {"state": self.state()}
        found["counts"] = _comparable(self.stats()["data_counts"])
        for kind in ("buckets", "records", "influencers"):
            answer = self.done("GET", f"/results/{kind}?size=10000")
            assert answer["count"] == len(answer[kind])
            found[kind] = sorted(
                (_comparable(each) for each in answer[kind]), key=lambda each: json.dumps(each)
            )
        found["documents"] = self._documents()
        return found

    def remains(self) -> list[str]:
        """What is left of a deleted job in the cluster; messages and ended tasks may stay."""
        self.cluster.request("POST", "/.ml-*/_refresh?expand_wildcards=all")
        path = "/.ml-*,-.ml-notifications-*/_search?expand_wildcards=all&size=10000"
        hits = self.cluster.request("POST", path, {}).body["hits"]["hits"]
        found = [
            f"{hit['_index']}/{hit['_id']}"
            for hit in hits
            if self.job_id in json.dumps(hit) and '"completed": true' not in json.dumps(hit)
        ]
        aliases = self.cluster.request("GET", "/_alias?expand_wildcards=all").body
        return found + [
            f"{index}: {name}"
            for index, members in aliases.items()
            for name in members["aliases"]
            if self.job_id in name
        ]

    def _documents(self) -> dict[str, int]:
        """How many documents of each kind the results index has, hidden ones included."""
        query = {
            "size": 0,
            "query": {"term": {"job_id": self.job_id}},
            "aggs": {"kinds": {"terms": {"field": "result_type", "size": 50}}},
        }
        path = "/.ml-anomalies-*/_search?expand_wildcards=all"
        answer = self.cluster.request("POST", path, query).body
        kinds = {b["key"]: b["doc_count"] for b in answer["aggregations"]["kinds"]["buckets"]}
        # One for each time it was stored: runs differ.
        kinds.pop("model_size_stats", None)
        return kinds


def reply_of(connection: http.client.HTTPConnection) -> Reply:
    """Read the answer of a request that was sent."""
    response = connection.getresponse()
    raw = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, json.loads(raw) if raw else None, headers)


class HalfSent:
    """An upload of which only a part was sent yet."""

    def __init__(self, client: CarefulClient, body: bytes, *, chunked: bool = False) -> None:
        self._connection = client.connect()
        self._chunked = chunked
        self._rest = body
        self._connection.putrequest("POST", f"/_ml/anomaly_detectors/{client.job_id}/_data")
        for name, value in client.headers().items():
            self._connection.putheader(name, value)
        if chunked:
            self._connection.putheader("Transfer-Encoding", "chunked")
        else:
            self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders()
        self._send(len(body) // 2)

    def finish(self) -> Reply:
        """Send the rest; raises OSError when nobody takes or answers it."""
        try:
            self._send(len(self._rest))
            if self._chunked:
                self._connection.send(b"0\r\n\r\n")
            return reply_of(self._connection)
        finally:
            self._connection.close()

    def send_rest(self) -> None:
        """Send the rest, but not the chunk that says it was the last."""
        self._send(len(self._rest))

    def status(self) -> int:
        """Send the rest; the status, 0 for no answer."""
        try:
            return self.finish().status
        except (OSError, http.client.HTTPException):
            return 0

    def break_off(self) -> None:
        """Close the connection in the middle."""
        self._connection.close()

    def _send(self, size: int) -> None:
        piece, self._rest = self._rest[:size], self._rest[size:]
        if self._chunked:
            piece = b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
        self._connection.send(piece)


def _comparable(members: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(_members(members)))


def _members(members: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in members.items():
        if name in _OWN:
            continue
        if isinstance(value, list):
            yield name, [_comparable(v) if isinstance(v, dict) else v for v in value]
        else:
            yield name, value
