"""`ml-sidecar serve` as an operator meets it: starting, dying, being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch
from elasticsearch import ConnectionError as NoAnswer

from integration import process_tree
from integration.crash.careful_client import wait_for
from integration.elasticsearch import Cluster
from integration.service_account import ServiceAccount
from integration.sidecar_process import SidecarProcess, free_port

JOB: dict[str, Any] = {
    "analysis_config": {"bucket_span": "15m", "detectors": [{"function": "count"}]},
    "data_description": {"time_field": "time", "time_format": "epoch"},
}
NOBODY = Cluster("http://127.0.0.1:1", "elastic", "-", "8.19.7", "nobody")
NO_ACCOUNT = ServiceAccount(NOBODY, "elastic", "-")
START_S = 1_700_000_100
RECORDS = 500

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:Posting data directly:elasticsearch.ElasticsearchWarning"),
]


@pytest.fixture
def sidecar(cluster: Cluster, tmp_path: Path) -> Iterator[SidecarProcess]:
    process = SidecarProcess.start(cluster, tmp_path)
    yield process
    assert process.stop() == 0


@pytest.fixture
def client(sidecar: SidecarProcess, cluster: Cluster) -> Iterator[Elasticsearch]:
    with Elasticsearch(
        sidecar.url, basic_auth=(cluster.username, cluster.password), request_timeout=120
    ) as made:
        yield made


@pytest.fixture
def job_id(client: Elasticsearch) -> Iterator[str]:
    name = f"serve-{os.getpid()}-{time.time_ns()}"
    client.ml.put_job(job_id=name, **JOB)
    client.ml.open_job(job_id=name)
    yield name
    client.options(ignore_status=404).ml.delete_job(job_id=name, force=True)


def victims(sidecar: SidecarProcess, job_id: str, what: str) -> list[int]:
    """Process ids by what they are."""
    if what == "job":
        return process_tree.job_processes(sidecar.pid, job_id)
    find = {
        "supervise": process_tree.supervisors,
        "gunicorn": process_tree.http_masters,
        "forkserver": process_tree.fork_servers,
    }
    return find[what](sidecar.pid)


def post(client: Elasticsearch, job_id: str, number: int) -> None:
    first = START_S + number * RECORDS * 60
    data = [{"time": first + i * 60} for i in range(RECORDS)]
    before = processed(client, job_id)

    def taken() -> bool:
        try:
            answer = client.options(max_retries=0).ml.post_data(job_id=job_id, data=data)
        except ApiError as error:
            if error.status_code not in (429, 503):
                raise
            return False
        except NoAnswer:
            # The worker may have died between the commit and its answer: then all is there.
            return processed(client, job_id) == before + RECORDS
        assert answer["processed_record_count"] == RECORDS
        return True

    wait_for(taken, "the upload to be taken")


def processed(client: Elasticsearch, job_id: str) -> int:
    """Records that the job has counted; asks until somebody answers."""
    patient = client.options(max_retries=20, retry_on_status=[429, 503])
    counts = patient.ml.get_job_stats(job_id=job_id)["jobs"][0]["data_counts"]
    return int(counts["processed_record_count"])


@pytest.mark.parametrize("victim", ["job", "supervise", "gunicorn", "forkserver"])
def test_a_killed_process_costs_no_record(
    sidecar: SidecarProcess, client: Elasticsearch, job_id: str, victim: str
) -> None:
    post(client, job_id, 0)
    os.kill(victims(sidecar, job_id, victim)[0], signal.SIGKILL)
    for number in (1, 2, 3):
        post(client, job_id, number)
    client.ml.flush_job(job_id=job_id)
    client.ml.close_job(job_id=job_id)
    counts = client.ml.get_job_stats(job_id=job_id)["jobs"][0]["data_counts"]
    assert counts["processed_record_count"] == 4 * RECORDS
    buckets = client.ml.get_buckets(job_id=job_id, size=1000)
    # The last bucket is not complete yet.
    spans = range(START_S // 900, (START_S + 4 * RECORDS * 60) // 900)
    assert [b["timestamp"] // 900_000 for b in buckets["buckets"]] == list(spans)
    assert {b["event_count"] for b in buckets["buckets"][1:]} == {15}


def test_jobs_are_open_again_after_a_power_cut(cluster: Cluster, tmp_path: Path) -> None:
    job_id = f"serve-cut-{time.time_ns()}"
    basic = (cluster.username, cluster.password)
    first = SidecarProcess.start(cluster, tmp_path)
    with Elasticsearch(first.url, basic_auth=basic, request_timeout=120) as client:
        client.ml.put_job(job_id=job_id, **JOB)
        client.ml.open_job(job_id=job_id)
        post(client, job_id, 0)
    members = process_tree.tree(first.pid)
    first.kill()
    wait_for(lambda: not any(map(process_tree.is_alive, members)), "the end of all of it")
    second = SidecarProcess.start(cluster, tmp_path)
    with Elasticsearch(second.url, basic_auth=basic, request_timeout=120) as client:
        post(client, job_id, 1)
        stats = client.ml.get_job_stats(job_id=job_id)["jobs"][0]
        assert stats["state"] == "opened"
        assert stats["data_counts"]["processed_record_count"] == 2 * RECORDS
        client.ml.delete_job(job_id=job_id, force=True)
    members = process_tree.tree(second.pid)
    assert second.stop() == 0
    assert not any(map(process_tree.is_alive, members))


def test_it_starts_without_elasticsearch_and_says_so(tmp_path: Path) -> None:
    sidecar = SidecarProcess.start(NOBODY, tmp_path, account=NO_ACCOUNT)
    try:
        wait_for(lambda: "is ready: " + sidecar.url in sidecar.log.read_text(), "readiness")
        wait_for(lambda: "waiting for Elasticsearch" in sidecar.log.read_text(), "a word of it")
    finally:
        assert sidecar.stop() == 0
    last = [line for line in sidecar.log.read_text().splitlines() if line.startswith("{")][-1]
    assert json.loads(last)["log.level"]


def serve_in_vain(data_dir: Path, port: int) -> str:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SIDECAR_")}
    environ |= {"SIDECAR_DATA_DIR": str(data_dir), "SIDECAR_PORT": str(port)}
    ended = subprocess.run(
        [sys.executable, "-m", "sidecar", "serve"],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    return ended.stderr


def test_a_taken_port_and_a_used_data_folder_are_told_in_one_line(tmp_path: Path) -> None:
    port = free_port()
    sidecar = SidecarProcess.start(NOBODY, tmp_path / "one", port=port, account=NO_ACCOUNT)
    try:
        assert serve_in_vain(tmp_path / "two", port) == (
            f"ml-sidecar: cannot listen on 127.0.0.1:{port}: Address already in use\n"
        )
        assert serve_in_vain(tmp_path / "one", free_port()) == (
            f"ml-sidecar: another ml-sidecar uses the data folder [{tmp_path / 'one'}]\n"
        )
    finally:
        assert sidecar.stop() == 0
