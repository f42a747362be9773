"""`python -m benchmarks.ingest`: records per second through the whole sidecar.

Measured from the first byte posted until the flush has returned, that is until the results are
searchable in a real Elasticsearch, over one connection; and the peak memory (PSS) of all the
sidecar's processes. The yardstick is `json.loads` per line of the same bytes in the same run, so
that a figure holds on another machine as a ratio.
"""

from __future__ import annotations

import argparse
import http.client
import json
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from benchmarks.memory import MIB, PeakMemory
from benchmarks.workloads import WORKLOADS, Workload
from integration import elasticsearch as real_elasticsearch
from integration.service_account import remove_accounts
from integration.sidecar_process import SidecarProcess


@dataclass(frozen=True, slots=True)
class Measured:
    """One workload's figures."""

    seconds: float
    yardstick_seconds: float
    peak_bytes: int


class Connection:
    """One HTTP connection to the sidecar, with the superuser's credentials."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=900)
        token = b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}"}

    def call(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> dict[str, object]:
        """Send one request; raises RuntimeError unless it is answered with a 2xx."""
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = kind
        self._http.request(method, path, body, headers)
        response = self._http.getresponse()
        answer = response.read()
        if response.status >= 300 and not (method == "DELETE" and response.status == 404):
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:500]!r}")
        parsed: dict[str, object] = json.loads(answer)
        return parsed


def measure(
    workload: Workload, connection: Connection, pid: int, records_per_post: int
) -> Measured:
    """Run one workload on a job of its own."""
    job = f"/_ml/anomaly_detectors/benchmark-{workload.name[0]}"
    blocks = list(workload.blocks(records_per_post))
    yardstick = _json_seconds(blocks)
    connection.call("DELETE", f"{job}?force=true")
    connection.call("PUT", job, json.dumps(workload.job()).encode())
    connection.call("POST", f"{job}/_open")
    with PeakMemory(pid) as memory:
        started = time.perf_counter()
        for block in blocks:
            connection.call("POST", f"{job}/_data", block, "application/x-ndjson")
        connection.call("POST", f"{job}/_flush")
        seconds = time.perf_counter() - started
    stats = connection.call("GET", f"{job}/_stats")["jobs"][0]  # type: ignore[index]
    counted = stats["data_counts"]["processed_record_count"]
    if counted != workload.records:
        raise RuntimeError(f"{workload.name}: {counted} of {workload.records} records arrived")
    connection.call("POST", f"{job}/_close")
    connection.call("DELETE", job)
    return Measured(seconds, yardstick, memory.peak_bytes)


def _json_seconds(blocks: Iterable[bytes]) -> float:
    started = time.perf_counter()
    for block in blocks:
        for line in block.splitlines():
            json.loads(line)
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="records per workload")
    parser.add_argument("--records-per-post", type=int, default=50_000)
    parser.add_argument("--only", help="letters of the workloads to run, for example ad")
    arguments = parser.parse_args()
    cluster = real_elasticsearch.up()
    console = Console()
    table = Table(title=f"Ingest, {arguments.records:,} records each")
    for name in ("workload", "records/s", "x json.loads", "seconds", "peak MiB"):
        table.add_column(name, justify="left" if name == "workload" else "right")
    with tempfile.TemporaryDirectory(prefix="ml-sidecar-benchmark-") as folder:
        sidecar = SidecarProcess.start(cluster, folder)
        try:
            connection = Connection(sidecar.url, cluster.username, cluster.password)
            for workload in WORKLOADS:
                if arguments.only and workload.name[0] not in arguments.only:
                    continue
                scaled = replace(
                    workload,
                    buckets=max(2, workload.buckets * arguments.records // workload.records),
                    records=arguments.records,
                )
                with console.status(workload.name):
                    run = measure(scaled, connection, sidecar.pid, arguments.records_per_post)
                table.add_row(
                    workload.name,
                    f"{arguments.records / run.seconds:,.0f}",
                    f"{run.yardstick_seconds / run.seconds:.2f}",
                    f"{run.seconds:.2f}",
                    f"{run.peak_bytes / MIB:,.0f}",
                )
        finally:
            sidecar.stop()
            remove_accounts()
    console.print(table)


if __name__ == "__main__":
    main()
