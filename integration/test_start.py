"""What `serve` does on clusters where not all is as it should be."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from integration.crash.careful_client import wait_for
from integration.elasticsearch import Cluster
from integration.own_names import sidecar_with_own_names
from integration.service_account import service_account
from integration.sidecar_process import SidecarProcess, serve_until_it_ends
from sidecar.storage.names import Names
from sidecar.storage.service_role import service_role

pytestmark = pytest.mark.integration

NATIVE = {
    "/_security/_authenticate": {"username": "sidecar", "roles": []},
    "/_security/user/_has_privileges": {
        "username": "sidecar", "has_all_requested": True, "cluster": {}, "index": {},
    },
    "/_nodes/plugins": {"nodes": {"n": {"modules": [{"name": "x-pack-ml"}]}}},
    "/_ml/info": {"defaults": {}, "limits": {}},
    "/_xpack": {"features": {"ml": {"available": True, "enabled": True}}},
}  # fmt: skip
START_S = 1_700_002_800
RECORDS = [{"time": START_S + i * 60, "host": "a"} for i in range(101)]


@contextmanager
def licensed_cluster() -> Iterator[tuple[str, list[str]]]:
    """Answers as a cluster whose native ML runs; yields its URL and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self.rfile.read(length)
            path = self.path.partition("?")[0]
            asked.append(f"{self.command} {path}")
            body = json.dumps(NATIVE.get(path, {})).encode()
            self.send_response(200 if path in NATIVE else 404)
            self.send_header("Content-Type", "application/vnd.elasticsearch+json")
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_it_does_not_start_where_native_ml_runs_the_same_jobs(tmp_path: Path) -> None:
    with licensed_cluster() as (url, asked):
        ended = serve_until_it_ends(tmp_path, {"SIDECAR_ELASTICSEARCH_URL": url})
    assert ended.returncode == 1
    (told,) = (line for line in ended.stderr.splitlines() if line.startswith("ml-sidecar: "))
    assert "xpack.ml.enabled: false" in told
    assert "SIDECAR_INDEX_PREFIX" in told
    changing = [request for request in asked if not request.startswith(("GET", "HEAD"))]
    assert set(changing) <= {"POST /_security/user/_has_privileges"}


def test_a_missing_privilege_is_named_and_may_be_given_later(
    cluster: Cluster, tmp_path: Path
) -> None:
    whole = service_role(Names())
    poor = {**whole, "cluster": ["monitor"]}
    with service_account(cluster, poor) as account:
        sidecar = SidecarProcess.start(cluster, tmp_path, account=account)
        try:
            wait_for(
                lambda: (
                    "lacks cluster privileges [manage_index_templates]: `ml-sidecar roles`"
                    in sidecar.log.read_text()
                ),
                "the name of the privilege",
            )
            path = f"/_security/role/{account.username}"
            assert cluster.request("PUT", path, whole).status == 200
            basic = (cluster.username, cluster.password)
            with Elasticsearch(sidecar.url, basic_auth=basic, request_timeout=60) as client:
                job_id = f"start-{uuid.uuid4().hex[:8]}"
                patient = client.options(max_retries=20, retry_on_status=[503])
                patient.ml.put_job(job_id=job_id, **job())
                patient.ml.open_job(job_id=job_id)
                patient.ml.delete_job(job_id=job_id, force=True)
        finally:
            assert sidecar.stop() == 0


def job() -> dict[str, Any]:
    return {
        "analysis_config": {"bucket_span": "5m", "detectors": [{"function": "count"}]},
        "data_description": {"time_field": "time", "time_format": "epoch"},
    }


@pytest.mark.filterwarnings("ignore:Posting data directly:elasticsearch.ElasticsearchWarning")
def test_a_whole_life_under_names_of_its_own(cluster: Cluster, tmp_path: Path) -> None:
    job_id = f"prefix-{uuid.uuid4().hex[:8]}"
    basic = (cluster.username, cluster.password)
    with sidecar_with_own_names(cluster, tmp_path) as own:
        prefix = own.prefix
        with Elasticsearch(own.sidecar.url, basic_auth=basic, request_timeout=120) as client:
            client.ml.put_job(job_id=job_id, **job())
            for _ in range(2):
                client.ml.open_job(job_id=job_id)
                client.ml.post_data(job_id=job_id, data=RECORDS)
                client.ml.close_job(job_id=job_id)
            assert client.ml.get_buckets(job_id=job_id)["count"] == 20
            stored = documents(cluster, f"{prefix}*")
            native = documents(cluster, ".ml-config", query=job_id)
            shown = documents(cluster, f".ml-anomalies-{job_id}")
            client.ml.delete_job(job_id=job_id)
    assert stored[f"{prefix}config"] == 1
    assert stored[f"{prefix}state-000001"] > 0
    assert native == {}
    assert shown[".ml-anomalies-shared"] > 20


def documents(cluster: Cluster, index: str, *, query: str | None = None) -> dict[str, int]:
    """How many documents each of the indices has."""
    cluster.request("POST", f"/{index}/_refresh?expand_wildcards=all")
    path = f"/{index}/_search?size=0&expand_wildcards=all&ignore_unavailable=true"
    counted = {"by": {"terms": {"field": "_index"}}}
    match = {"match_all": {}} if query is None else {"term": {"job_id": query}}
    answer = cluster.request("POST", path, {"query": match, "aggs": counted})
    assert answer.status == 200, answer.body
    return {b["key"]: b["doc_count"] for b in answer.body["aggregations"]["by"]["buckets"]}
