"""`python -m integration.demo [--keep]`: from nothing to a table of anomalies."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import warnings
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch, ElasticsearchWarning
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from integration import elasticsearch as real_elasticsearch
from integration.demo.farequote import PLANTED, RECORDS, Planted, generate
from integration.elasticsearch import Cluster
from integration.service_account import remove_accounts
from integration.sidecar_process import SidecarProcess

JOB_ID = "farequote-demo"
BUCKET_SPAN_S = 15 * 60
JOB: dict[str, Any] = {
    "description": "Unusual response times of airlines' fare services",
    "analysis_config": {
        "bucket_span": "15m",
        "detectors": [
            {"function": "mean", "field_name": "responsetime", "by_field_name": "airline"}
        ],
        "influencers": ["airline"],
    },
    "data_description": {"time_field": "time", "time_format": "epoch"},
}
console = Console()


def main() -> None:
    """Run the demo; exit status 0 when every planted anomaly came to light."""
    parser = argparse.ArgumentParser(prog="python -m integration.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave both servers running")
    arguments = parser.parse_args()

    console.rule("1. A real Elasticsearch")
    if arguments.keep:
        found = _beside(real_elasticsearch.up(), keep=True)
    else:
        with real_elasticsearch.borrowed() as cluster:
            found = _beside(cluster, keep=False)
    raise SystemExit(0 if found else "some planted anomalies were not found")


def _beside(cluster: Cluster, *, keep: bool) -> bool:
    console.print(f"Elasticsearch {cluster.version} ({cluster.kind}) at {cluster.url}")
    console.rule("2. The sidecar beside it")
    data_dir = tempfile.mkdtemp(prefix="ml-sidecar-demo-")
    sidecar = SidecarProcess.start(cluster, data_dir, detached=keep)
    console.print(f"ml-sidecar at {sidecar.url}, journal in {data_dir}")
    try:
        found = _run(sidecar.url, cluster.username, cluster.password)
        _what_next(sidecar, cluster, keep=keep)
    except BaseException:
        sidecar.stop()
        raise
    if not keep:
        sidecar.stop()
        remove_accounts()
        shutil.rmtree(data_dir)
    return found


def _run(url: str, username: str, password: str) -> bool:
    # Posting data is deprecated in native ML; the client repeats the answer's Warning header.
    warnings.filterwarnings("ignore", "Posting data directly", ElasticsearchWarning)
    client = Elasticsearch(url, basic_auth=(username, password), request_timeout=120)
    console.rule("3. A job, its data, its results")
    client.options(ignore_status=404).ml.delete_job(job_id=JOB_ID, force=True)
    client.ml.put_job(job_id=JOB_ID, **JOB)
    client.ml.open_job(job_id=JOB_ID)
    _post(client)
    client.ml.flush_job(job_id=JOB_ID)
    client.ml.close_job(job_id=JOB_ID)
    counts = client.ml.get_job_stats(job_id=JOB_ID)["jobs"][0]["data_counts"]
    console.print(
        f"{counts['processed_record_count']:,} records in {counts['bucket_count']:,} buckets"
    )
    answer = client.ml.get_records(job_id=JOB_ID, sort="record_score", desc=True, size=12)
    records = list(answer["records"])
    console.print(_anomalies(records))
    return {p.name for r in records if (p := _planted(r))} == {p.name for p in PLANTED}


def _post(client: Elasticsearch) -> None:
    columns = (
        TextColumn("posting"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("records"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("posting", total=RECORDS)
        for block in generate().ndjson():
            client.perform_request(
                "POST",
                f"/_ml/anomaly_detectors/{JOB_ID}/_data",
                headers={"content-type": "application/x-ndjson", "accept": "application/json"},
                body=block,
            )
            progress.update(task, advance=block.count(b"\n"))


def _planted(record: dict[str, Any]) -> Planted | None:
    for planted in PLANTED:
        if record.get("by_field_value") == planted.airline and planted.covers(
            record["timestamp"] // 1000, BUCKET_SPAN_S
        ):
            return planted
    return None


def _anomalies(records: list[dict[str, Any]]) -> Table:
    table = Table(title="Top anomalies")
    for name, justify in (
        ("score", "right"),
        ("time (UTC)", "left"),
        ("airline", "left"),
        ("actual", "right"),
        ("typical", "right"),
        ("planted?", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for record in records:
        time = datetime.fromtimestamp(record["timestamp"] / 1000, UTC)
        planted = _planted(record)
        table.add_row(
            f"{record['record_score']:.1f}",
            f"{time:%m-%d %H:%M}",
            record["by_field_value"],
            f"{record['actual'][0]:,.1f} ms",
            f"{record['typical'][0]:,.1f} ms",
            planted.name if planted else "",
            style="bold" if planted else "",
        )
    return table


def _what_next(sidecar: SidecarProcess, cluster: Cluster, *, keep: bool) -> None:
    base = f"{sidecar.url}/_ml/anomaly_detectors/{JOB_ID}"
    user = f"-u {cluster.username}:{cluster.password}"
    console.rule("What to try next")
    if not keep:
        console.print("Run `make demo KEEP=1` to leave both servers running, then:")
    for text in (
        f"curl {user} '{base}/results/buckets?anomaly_score=50&pretty'",
        f"curl {user} '{base}/results/influencers?pretty'",
        f"curl {user} '{base}/_stats?pretty'",
        f"curl {user} -X POST '{base}/_open'",
    ):
        console.print(text, soft_wrap=True, highlight=False, markup=False)
    if keep:
        console.print(
            f"To end: kill {sidecar.pid}; .venv/bin/python -m integration.elasticsearch down",
            highlight=False,
        )


if __name__ == "__main__":
    main()
