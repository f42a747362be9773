"""Opening a job: restore its newest whole snapshot, then replay its journal."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sidecar.clock import Clock, system_clock
from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.interfaces import (
    AnnotationStore,
    AuditLog,
    CalendarStore,
    FilterStore,
    JobStore,
    Journal,
    ModelStateStore,
    ResultsWriter,
    StatsStore,
    rule_context,
)
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job
from sidecar.schema.model_snapshot import ModelSnapshot
from sidecar.schema.timing_stats import TimingStats
from sidecar.settings import Settings
from sidecar.worker.analysis import Analysis
from sidecar.worker.autodetect import Autodetect, OpenParts
from sidecar.worker.category_results import CategoryResults
from sidecar.worker.record_reader import RecordReader
from sidecar.worker.results_queue import ResultsQueue
from sidecar.worker.snapshots import Snapshots

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerStores:
    """The parts of storage that an open job uses."""

    jobs: JobStore
    filters: FilterStore
    calendars: CalendarStore
    model_state: ModelStateStore
    results_writer: ResultsWriter
    stats: StatsStore
    annotations: AnnotationStore
    audit: AuditLog


class AutodetectFactory:
    """Opens jobs in the current process (implements `interfaces.OpenJobFactory`)."""

    def __init__(
        self, stores: WorkerStores, settings: Settings, clock: Clock = system_clock
    ) -> None:
        self._stores = stores
        self._settings = settings
        self._clock = clock

    def __call__(self, job_id: str, epoch: int, journal: Journal) -> Autodetect:
        """Restore and replay; raises MlError when the job cannot be opened."""
        stores = self._stores
        job, _ = stores.jobs.get(job_id)
        snapshots = Snapshots(
            job_id,
            jobs=stores.jobs,
            model_state=stores.model_state,
            annotations=stores.annotations,
            audit=stores.audit,
            clock=self._clock,
        )
        engine, snapshot = _restore(job, snapshots, stores.audit)
        reader = _reader(job, engine, snapshot)
        timing = stores.stats.timing_stats([job_id]).get(job_id)
        results = ResultsQueue(
            job_id,
            stores.results_writer,
            stores.audit,
            max_docs=self._settings.results_queue_max_docs,
        )
        analysis = Analysis(
            engine,
            job,
            results,
            CategoryResults(engine, results, stores.annotations, stores.audit, self._clock),
            TimingStats.from_document(timing) if timing else TimingStats(job_id),
        )
        opened = Autodetect(
            OpenParts(
                job=job,
                epoch=epoch,
                journal=journal,
                reader=reader,
                analysis=analysis,
                results=results,
                snapshots=snapshots,
                stats=stores.stats,
                audit=stores.audit,
                read_rules=lambda job: rule_context(job, stores.filters, stores.calendars),
                settings=self._settings,
                clock=self._clock,
                persisted_position=_persisted_position(snapshot, journal),
            )
        )
        try:
            opened.replay()
            opened.adopt_rules()
        except BaseException:
            opened.abandon()
            raise
        return opened


def _restore(
    job: Job, snapshots: Snapshots, audit: AuditLog
) -> tuple[AnomalyJob, ModelSnapshot | None]:
    for snapshot, chunks in snapshots.candidates(job):
        try:
            engine = AnomalyJob.restore(job, chunks)
        except ValueError as error:
            logger.exception(
                "model snapshot %s cannot be read",
                snapshot.snapshot_id,
                extra={"ml.job_id": job.job_id},
            )
            audit.error(
                job.job_id, f"Model snapshot [{snapshot.snapshot_id}] cannot be used: {error}"
            )
            continue
        audit.info(job.job_id, _loading_text(snapshot.snapshot_id, snapshot))
        return engine, snapshot
    audit.info(job.job_id, _loading_text("N/A", None))
    # The rules come into force with the journal's entries, or behind them.
    return AnomalyJob(_without_rules(job)), None


def _without_rules(job: Job) -> Job:
    detectors = tuple(replace(d, custom_rules=()) for d in job.analysis_config.detectors)
    return replace(job, analysis_config=replace(job.analysis_config, detectors=detectors))


def _loading_text(snapshot_id: str, snapshot: ModelSnapshot | None) -> str:
    latest = snapshot.latest_record_time_stamp if snapshot else None
    return (
        f"Loading model snapshot [{snapshot_id}], job latest_record_timestamp "
        f"[{'N/A' if latest is None else latest}]"
    )


def _reader(job: Job, engine: AnomalyJob, snapshot: ModelSnapshot | None) -> RecordReader:
    config = job.analysis_config
    stored: Mapping[str, Any] = (snapshot.data_counts if snapshot else None) or {}
    fields = config.analysis_fields()
    reader = RecordReader(
        job_id=job.job_id,
        time_field=job.data_description.time_field,
        time_format=job.data_description.time_format,
        analysis_fields=fields,
        needs=engine.needs,
        dictionaries=engine.dictionaries,
        bucket_span_s=config.bucket_span.seconds,
        latency_s=config.latency.seconds if config.latency else 0,
        totals=DataCounts.from_document(
            {**stored, "job_id": job.job_id}, analysed_field_count=len(fields)
        ),
        # Not the current year: a replay after New Year must read what was read before.
        default_year=datetime.fromtimestamp((job.create_time or 0) / 1000, UTC).year,
    )
    if "reader" in stored:
        reader.load(stored["reader"])
    return reader


def _persisted_position(snapshot: ModelSnapshot | None, journal: Journal) -> int:
    """Where replay begins: a journal of another life holds only what came after the snapshot."""
    if snapshot is None or snapshot.journal_id != journal.journal_id:
        return 0
    return snapshot.journal_position
