"""The official Python client runs a job's whole life, on every supported Elasticsearch."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from integration.demo.farequote import DAY_S, PLANTED, START_S, generate
from integration.elasticsearch import Cluster, borrowed
from integration.sidecar_process import SidecarProcess

VERSIONS = ("8.19.7", "9.2.0")
JOB: dict[str, Any] = {
    "analysis_config": {
        "bucket_span": "15m",
        "detectors": [
            {"function": "mean", "field_name": "responsetime", "by_field_name": "airline"}
        ],
        "influencers": ["airline"],
    },
    "data_description": {"time_field": "time", "time_format": "epoch"},
}

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=VERSIONS)
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The cluster of each version."""
    with borrowed(request.param) as shared:
        yield shared


@pytest.fixture(scope="module")
def sidecar(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarProcess]:
    process = SidecarProcess.start(cluster, tmp_path_factory.mktemp("lifecycle"))
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="module")
def client(sidecar: SidecarProcess, cluster: Cluster) -> Iterator[Elasticsearch]:
    with Elasticsearch(
        sidecar.url,
        basic_auth=(cluster.username, cluster.password),
        request_timeout=120,
        http_compress=True,
    ) as made:
        yield made


@pytest.fixture
def job_id(client: Elasticsearch) -> Iterator[str]:
    """A name of its own; jobs whose names begin so are deleted afterwards."""
    name = f"lifecycle-{uuid.uuid4().hex[:8]}"
    yield name
    for left in client.ml.get_jobs(job_id=f"{name}*")["jobs"]:
        client.ml.delete_job(job_id=left["job_id"], force=True)


def _lines(block: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in block.splitlines()]


@pytest.mark.filterwarnings("ignore:Posting data directly:elasticsearch.ElasticsearchWarning")
def test_a_job_finds_the_planted_anomalies(client: Elasticsearch, job_id: str) -> None:
    created = client.ml.put_job(job_id=job_id, **JOB)
    assert created["results_index_name"] == "shared"
    with pytest.raises(ConflictError, match="is not open"):
        client.ml.post_data(job_id=job_id, data=[{"time": START_S}])
    opened = client.ml.open_job(job_id=job_id)
    assert opened["opened"] is True
    assert opened["node"]

    sent = 0
    for block in generate().ndjson(records_per_block=20_000):
        records = _lines(block)
        counts = client.ml.post_data(job_id=job_id, data=records)
        sent += len(records)
        assert counts["processed_record_count"] == len(records)
    flushed = client.ml.flush_job(job_id=job_id)
    assert flushed["flushed"] is True
    closed = client.ml.close_job(job_id=job_id)
    assert closed["closed"] is True

    stats = client.ml.get_job_stats(job_id=job_id)["jobs"][0]
    assert stats["state"] == "closed"
    assert stats["data_counts"]["processed_record_count"] == sent
    assert stats["data_counts"]["input_record_count"] == sent
    buckets = client.ml.get_buckets(job_id=job_id, size=1)
    assert buckets["count"] == 5 * DAY_S // 900 - 1
    answer = client.ml.get_records(job_id=job_id, sort="record_score", desc=True, size=15)
    for planted in PLANTED:
        assert any(
            record["airline"] == [planted.airline]
            and planted.covers(record["timestamp"] // 1000, 900)
            for record in answer["records"]
        ), planted
    top = client.ml.get_influencers(job_id=job_id, sort="influencer_score", desc=True, size=10)[
        "influencers"
    ]
    assert PLANTED[0].airline in {row["influencer_field_value"] for row in top}
    snapshots = client.ml.get_jobs(job_id=job_id)["jobs"][0]["model_snapshot_id"]
    assert snapshots

    client.ml.delete_job(job_id=job_id)
    with pytest.raises(NotFoundError, match="No known job with id"):
        client.ml.get_jobs(job_id=job_id)
    with pytest.raises(NotFoundError):
        client.ml.delete_job(job_id=job_id)


def _scores(client: Elasticsearch, job_id: str) -> list[tuple[int, float, int]]:
    found = client.ml.get_buckets(job_id=job_id, size=5_000)["buckets"]
    return [(b["timestamp"], b["anomaly_score"], b["event_count"]) for b in found]


@pytest.mark.filterwarnings("ignore:Posting data directly:elasticsearch.ElasticsearchWarning")
def test_closing_and_opening_in_the_middle_changes_nothing(
    client: Elasticsearch, job_id: str
) -> None:
    blocks = list(generate(records=20_000).ndjson(records_per_block=5_000))
    results = []
    for name, pauses in ((f"{job_id}-whole", False), (f"{job_id}-halves", True)):
        client.ml.put_job(job_id=name, **JOB)
        client.ml.open_job(job_id=name)
        for number, block in enumerate(blocks):
            if pauses and number == 2:
                client.ml.close_job(job_id=name)
                client.ml.open_job(job_id=name)
            client.ml.post_data(job_id=name, data=_lines(block))
        client.ml.close_job(job_id=name)
        counts = client.ml.get_job_stats(job_id=name)["jobs"][0]["data_counts"]
        times = ("job_id", "last_data_time", "log_time", "input_bytes")
        results.append((_scores(client, name), {k: v for k, v in counts.items() if k not in times}))
        client.ml.delete_job(job_id=name)
    assert results[0] == results[1]
    assert len(results[0][0]) > 400


@pytest.mark.filterwarnings("ignore::elasticsearch.exceptions.GeneralAvailabilityWarning")
def test_a_deletion_can_be_followed_as_a_task(client: Elasticsearch, job_id: str) -> None:
    client.ml.put_job(job_id=job_id, **JOB)
    task = client.ml.delete_job(job_id=job_id, wait_for_completion=False)["task"]
    deadline = time.monotonic() + 60
    state = client.tasks.get(task_id=task, wait_for_completion=True, timeout="5s")
    while not state["completed"] and time.monotonic() < deadline:
        state = client.tasks.get(task_id=task, wait_for_completion=True, timeout="5s")
    assert state["completed"] is True
    assert state["response"]["acknowledged"] is True
    with pytest.raises(NotFoundError):
        client.ml.get_jobs(job_id=job_id)


def test_a_deleted_job_leaves_no_journal(
    sidecar: SidecarProcess, client: Elasticsearch, job_id: str
) -> None:
    client.ml.put_job(job_id=job_id, **JOB)
    client.ml.open_job(job_id=job_id)
    client.ml.close_job(job_id=job_id)
    client.ml.delete_job(job_id=job_id)
    journals = Path(sidecar.log.parent, "journal")
    assert not any(p.name == job_id and any(p.iterdir()) for p in journals.glob("*"))
