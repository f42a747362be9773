"""Clients of one running sidecar, and jobs to play with."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from integration.api.rest import Reply, Rest
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess

BASE = "/_ml/anomaly_detectors"
# The first bucket of every job here: a whole hour, in seconds.
START_S = 1_700_002_800
SPAN_S = 300


@dataclass
class Jobs:
    """Makes jobs whose names begin alike, and takes them away again."""

    client: Elasticsearch
    rest: Rest
    prefix: str = field(default_factory=lambda: f"api-{uuid.uuid4().hex[:10]}")
    _count: int = 0

    def create(self, *, opened: bool = False, **members: Any) -> str:
        """Create a job that counts records by five minutes; returns its id."""
        job_id = members.pop("job_id", None) or f"{self.prefix}-{self._count}"
        self._count += 1
        analysis = {
            "bucket_span": "5m",
            "detectors": [{"function": "count"}],
            **members.pop("analysis_config", {}),
        }
        description = {"time_field": "time", "time_format": "epoch"}
        description |= members.pop("data_description", {})
        self.client.ml.put_job(
            job_id=job_id, analysis_config=analysis, data_description=description, **members
        )
        if opened:
            self.client.ml.open_job(job_id=job_id)
        return job_id

    def post(self, job_id: str, body: object, **headers: str) -> Reply:
        """Send data as they are; a list of records is sent as NDJSON."""
        if isinstance(body, list):
            body = ndjson(body)
        given = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self.rest("POST", f"{BASE}/{job_id}/_data", body, given)

    def counts(self, job_id: str) -> dict[str, Any]:
        """Return the data counts of a job."""
        stats = self.client.ml.get_job_stats(job_id=job_id)["jobs"][0]
        counts: dict[str, Any] = stats["data_counts"]
        return counts

    def remove(self) -> None:
        """Delete what was made."""
        for job in self.client.ml.get_jobs(job_id=f"{self.prefix}*")["jobs"]:
            self.client.ml.delete_job(job_id=job["job_id"], force=True)


def ndjson(records: Iterable[object]) -> bytes:
    """Records as lines."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def steady(buckets: int, *, first: int = 0, per_bucket: int = 5) -> list[dict[str, Any]]:
    """The same number of records in every bucket."""
    step = SPAN_S // per_bucket
    start = START_S + first * SPAN_S
    return [{"time": start + i * step} for i in range(buckets * per_bucket)]


@pytest.fixture(scope="session")
def rest(sidecar: SidecarProcess, cluster: Cluster) -> Rest:
    """The superuser, request by request."""
    return Rest.of(sidecar.url, cluster.username, cluster.password)


@pytest.fixture(scope="session")
def client(sidecar: SidecarProcess, cluster: Cluster) -> Iterator[Elasticsearch]:
    """The superuser with the official client."""
    with Elasticsearch(
        sidecar.url, basic_auth=(cluster.username, cluster.password), request_timeout=120
    ) as made:
        yield made


@pytest.fixture
def jobs(client: Elasticsearch, rest: Rest) -> Iterator[Jobs]:
    """For jobs of one test."""
    made = Jobs(client, rest)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def shared_jobs(client: Elasticsearch, rest: Rest) -> Iterator[Jobs]:
    """For jobs that several tests of a module only read."""
    made = Jobs(client, rest)
    yield made
    made.remove()
