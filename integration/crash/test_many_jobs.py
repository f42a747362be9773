"""Twenty jobs at once, posted to in parallel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from integration.crash.careful_client import JOB, CarefulClient
from integration.crash.crash_fixtures import differences
from integration.demo.farequote import generate
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess

pytestmark = pytest.mark.integration

JOBS, RECORDS, POSTS = 20, 600, 6


def test_twenty_open_jobs_take_posts_in_parallel(cluster: Cluster, tmp_path: Path) -> None:
    sidecar = SidecarProcess.start(cluster, tmp_path)
    bodies = list(generate(records=RECORDS).ndjson(records_per_block=RECORDS // POSTS))
    clients = [CarefulClient(sidecar.url, cluster, f"many-{tmp_path.name[-1]}-{number}")
               for number in range(JOBS)]  # fmt: skip

    def live(client: CarefulClient) -> dict[str, Any]:
        client.done("PUT", "", JOB)
        client.done("POST", "/_open")
        for body in bodies:
            assert client.post(body).status == 202
        client.done("POST", "/_flush")
        client.done("POST", "/_close")
        return client.outcome()

    try:
        with ThreadPoolExecutor(JOBS) as pool:
            outcomes = list(pool.map(live, clients))
    finally:
        for client in clients:
            client.remove()
        assert sidecar.stop() == 0
    assert outcomes[0]["counts"]["processed_record_count"] == RECORDS
    assert [told for each in outcomes for told in differences(each, outcomes[0])] == []
