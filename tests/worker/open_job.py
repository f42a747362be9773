"""A job on in-memory stores and a journal in a folder: opened, killed and opened again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sidecar.interfaces import FlushRequest
from sidecar.runtime.journal import FileJournal
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.detector import Detector
from sidecar.schema.job import AnalysisLimits, DataDescription, Job
from sidecar.schema.units import TimeValue
from sidecar.settings import Settings
from sidecar.worker.autodetect import Autodetect
from sidecar.worker.opening import AutodetectFactory, WorkerStores
from tests.fakes import make_stores

START_S = 1_700_000_100 // 300 * 300
SPAN_S = 300
_VOLATILE = ("last_data_time", "log_time", "input_bytes")


def job(**changes: Any) -> Job:
    """A small job; `changes` replace members of its analysis_config."""
    config: dict[str, Any] = {
        "bucket_span": TimeValue(SPAN_S * 1000, "5m"),
        "detectors": (
            Detector(function="mean", field_name="value", by_field_name="key"),
            Detector(function="count", detector_index=1),
        ),
        "influencers": ("key", "host"),
    }
    return Job(
        job_id="web",
        analysis_config=AnalysisConfig(**{**config, **changes}),
        data_description=DataDescription(time_format="epoch"),
        analysis_limits=AnalysisLimits(model_memory_limit_mb=64),
    )


def records(buckets: int, per_bucket: int = 6, seed: int = 1) -> list[dict[str, Any]]:
    """Records in time order: three keys, two hosts, one spike near the end."""
    generator = np.random.Generator(np.random.PCG64(seed))
    made = []
    for number in range(buckets * per_bucket):
        bucket = number // per_bucket
        value = 100.0 + float(generator.standard_normal())
        if bucket == buckets - 4 and number % 3 == 0:
            value *= 8
        made.append(
            {
                "time": START_S + bucket * SPAN_S + number % per_bucket * 40,
                "key": f"k{number % 3}",
                "host": f"h{number % 2}",
                "value": round(value, 3),
            }
        )
    return made


def lines(rows: Iterable[dict[str, Any]]) -> bytes:
    """Newline-delimited JSON."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


class World:
    """The cluster and the disk that outlive a job's process."""

    def __init__(self, folder: Path, the_job: Job | None = None, **settings: Any) -> None:
        self.stores = make_stores()
        self.folder = folder
        self.settings = Settings(data_dir=str(folder), **settings)
        self.now_ms = 1_750_000_000_000
        self.job = the_job or job()
        self.stores.jobs.create(self.job)
        self._journal: FileJournal | None = None

    def clock(self) -> int:
        """A millisecond passes with every look."""
        self.now_ms += 1
        return self.now_ms

    def open(self) -> Autodetect:
        """A new process opens the job."""
        stores = self.stores
        factory = AutodetectFactory(
            WorkerStores(
                jobs=stores.jobs,
                filters=stores.filters,
                calendars=stores.calendars,
                model_state=stores.model_state,
                results_writer=stores.results_writer,
                stats=stores.stats,
                annotations=stores.annotations,
                audit=stores.audit,
            ),
            self.settings,
            self.clock,
        )
        self._journal = FileJournal(self.folder / "journal", self.job.job_id)
        return factory(self.job.job_id, 1, self._journal)

    def kill(self, process: Autodetect) -> None:
        """The process is gone between one instruction and the next; the disk stays."""
        process.abandon()
        self.kill_journal()

    def kill_journal(self) -> None:
        """The process that failed to open the job is gone."""
        assert self._journal is not None
        self._journal.close()

    def close(self, process: Autodetect) -> None:
        """An orderly close."""
        process.close()
        assert self._journal is not None
        self._journal.close()

    def results(self) -> dict[str, dict[str, Any]]:
        """All result documents by id, without what the wall clock wrote into them."""
        return {
            name: {k: v for k, v in document.items() if k != "processing_time_ms"}
            for name, document in self.stores.results.all().items()
            if document.get("result_type")
            in ("bucket", "bucket_influencer", "record", "influencer", "model_plot")
        }


def post(process: Autodetect, body: bytes, pieces: Sequence[int] = ()) -> DataCounts:
    """Post a body cut at `pieces`."""
    edges = [0, *sorted(pieces), len(body)]
    return process.post((body[a:b] for a, b in itertools.pairwise(edges)), None)


def flush(process: Autodetect, **arguments: Any) -> int | None:
    """Flush; returns last_finalized_bucket_end."""
    return process.flush(FlushRequest(**arguments)).last_finalized_bucket_end


def counts(process: Autodetect) -> dict[str, Any]:
    """Totals without what the wall clock or the cutting of uploads changes."""
    document = process.stats().data_counts.to_document()
    return {k: v for k, v in document.items() if k not in _VOLATILE}
