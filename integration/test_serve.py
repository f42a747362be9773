"""`ml-sidecar serve` as an operator meets it: starting, dying, being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from benchmarks.memory import tree
from integration import elasticsearch as real_elasticsearch
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess, free_port

JOB: dict[str, Any] = {
    "analysis_config": {"bucket_span": "15m", "detectors": [{"function": "count"}]},
    "data_description": {"time_field": "time", "time_format": "epoch"},
}
NOBODY = Cluster("http://127.0.0.1:1", "elastic", "-", "8.19.7", "nobody")
START_S = 1_700_000_100
RECORDS = 500

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:Posting data directly:elasticsearch.ElasticsearchWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return real_elasticsearch.up()


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


def wait_for(condition: Callable[[], bool], patience_s: float = 60.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def processes(sidecar: SidecarProcess, what: str) -> list[int]:
    """Process ids by what they are; `job` are the children of the fork server."""
    members = tree(sidecar.pid)
    if what == "job":
        servers = [pid for pid in members if "forkserver" in command_of(pid)]
        return servers[1:]
    return [pid for pid in members if what in command_of(pid)]


def post(client: Elasticsearch, job_id: str, number: int) -> None:
    first = START_S + number * RECORDS * 60
    data = [{"time": first + i * 60} for i in range(RECORDS)]
    answer = client.options(
        max_retries=10, retry_on_status=[429, 503], retry_on_timeout=False
    ).ml.post_data(job_id=job_id, data=data)
    assert answer["processed_record_count"] == RECORDS


@pytest.mark.parametrize("victim", ["job", "supervise", "gunicorn", "forkserver"])
def test_a_killed_process_costs_no_record(
    sidecar: SidecarProcess, client: Elasticsearch, job_id: str, victim: str
) -> None:
    post(client, job_id, 0)
    os.kill(processes(sidecar, victim)[0], signal.SIGKILL)
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
    members = tree(first.pid)
    first.kill()
    wait_for(lambda: not any(is_alive(pid) for pid in members))
    second = SidecarProcess.start(cluster, tmp_path)
    with Elasticsearch(second.url, basic_auth=basic, request_timeout=120) as client:
        post(client, job_id, 1)
        stats = client.ml.get_job_stats(job_id=job_id)["jobs"][0]
        assert stats["state"] == "opened"
        assert stats["data_counts"]["processed_record_count"] == 2 * RECORDS
        client.ml.delete_job(job_id=job_id, force=True)
    members = tree(second.pid)
    assert second.stop() == 0
    assert not any(is_alive(pid) for pid in members)


def test_it_starts_without_elasticsearch_and_says_so(tmp_path: Path) -> None:
    sidecar = SidecarProcess.start(NOBODY, tmp_path)
    try:
        wait_for(lambda: "is ready: " + sidecar.url in sidecar.log.read_text())
        wait_for(lambda: "waiting for Elasticsearch" in sidecar.log.read_text())
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
    sidecar = SidecarProcess.start(NOBODY, tmp_path / "one", port=port)
    try:
        assert serve_in_vain(tmp_path / "two", port) == (
            f"ml-sidecar: cannot listen on 127.0.0.1:{port}: Address already in use\n"
        )
        assert serve_in_vain(tmp_path / "one", free_port()) == (
            f"ml-sidecar: another ml-sidecar uses the data folder [{tmp_path / 'one'}]\n"
        )
    finally:
        assert sidecar.stop() == 0
