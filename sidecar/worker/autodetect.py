"""One open job: journal, read, analyse, write results, persist."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from sidecar import messages
from sidecar.clock import Clock
from sidecar.errors import JobFailedError, MlError, TooManyRequestsError
from sidecar.interfaces import (
    AuditLog,
    FlushAnswer,
    FlushRequest,
    Journal,
    OpenJobStats,
    StatsStore,
    TimeRange,
)
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job
from sidecar.schema.job_document import job_from_document, job_to_document
from sidecar.schema.rule_context import RuleContext
from sidecar.schema.scheduled_event import ScheduledEvent
from sidecar.settings import Settings
from sidecar.worker.analysis import Analysis
from sidecar.worker.ledger import Ledger
from sidecar.worker.record_reader import MalformedInput, RecordReader
from sidecar.worker.results_queue import ResultsQueue
from sidecar.worker.snapshots import Snapshots, describe_snapshot, latest_bucket_ms
from sidecar.worker.work_queue import WorkQueue

logger = logging.getLogger(__name__)

_RETRY_AFTER = {"Retry-After": "5"}


@dataclasses.dataclass(slots=True)
class OpenParts:
    """What an open job is made of; `worker.opening` puts it together."""

    job: Job
    epoch: int
    journal: Journal
    reader: RecordReader
    analysis: Analysis
    results: ResultsQueue
    snapshots: Snapshots
    stats: StatsStore
    audit: AuditLog
    # What storage holds of the rules, filters and events of a job.
    read_rules: Callable[[Job], RuleContext]
    settings: Settings
    clock: Clock
    # Position of the last journal entry that a stored snapshot contains.
    persisted_position: int


class Autodetect:
    """An open job (implements `interfaces.OpenJob`).

    Three stages, each in a thread of its own: the caller's parses, the engine's analyses, the
    results queue's writes. `_order` keeps posts, flushes, updates and snapshots one at a time.
    """

    def __init__(self, parts: OpenParts) -> None:
        self._parts = parts
        self._job_id = parts.job.job_id
        self._order = threading.RLock()
        self._work = WorkQueue(f"engine-{self._job_id}", parts.settings.queue_max_bytes)
        self._ledger = Ledger(
            parts.reader.totals, parts.analysis, parts.stats, parts.audit, parts.clock
        )
        self._persisted_position = parts.persisted_position
        self._stopping = threading.Event()
        self._persist_wanted = threading.Event()
        self._timer = threading.Thread(
            target=self._persist_in_background, name=f"persist-{self._job_id}", daemon=True
        )
        self._timer.start()

    # --- OpenJob ----------------------------------------------------------------------------

    def post(self, chunks: Iterable[bytes], reset: TimeRange | None) -> DataCounts:
        """See `interfaces.OpenJob.post`."""
        with self._order:
            self._admit()
            arguments = _upload_arguments(reset, self._parts.clock())
            upload = self._parts.journal.begin_upload(arguments)
            try:
                for chunk in chunks:
                    upload.append(chunk)
            except BaseException:
                upload.discard()
                raise
            malformed: MalformedInput | None = None
            try:
                counts = self._read(upload.read(), arguments)
            except MalformedInput as error:
                counts, malformed = error.counts, error
            upload.commit()
            self._offer_stats()
            if self._parts.journal.size_bytes() > self._parts.settings.journal_max_bytes:
                self._persist_wanted.set()
            if malformed is not None:
                raise malformed
            return counts

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """See `interfaces.OpenJob.flush`."""
        with self._order:
            if request != FlushRequest():
                # A plain flush changes nothing that a replay would have to repeat.
                self._parts.journal.append("flush", dataclasses.asdict(request))
            self._flush(request)
            self._drain()
            self._ledger.store()
            self._parts.results.refresh()
            end_s = self._parts.analysis.engine.last_finalized_bucket_end
            return FlushAnswer(None if end_s is None else end_s * 1000)

    def update(self, job: Job) -> None:
        """See `interfaces.OpenJob.update`."""
        with self._order:
            self._update(job, self._parts.read_rules(job))

    def reload_rules(self) -> None:
        """See `interfaces.OpenJob.reload_rules`."""
        with self._order:
            self._drain()
            job, known = self._parts.analysis.job, self._parts.analysis.engine.rules
            rules = self._parts.read_rules(job)
            if rules == known:
                return
            self._update(job, rules)
            if rules.events != known.events:
                self._parts.audit.info(self._job_id, messages.audit_calendars_updated())

    def _update(self, job: Job, rules: RuleContext) -> None:
        arguments = {
            "job": job_to_document(job),
            "filters": {name: list(items) for name, items in rules.filters.items()},
            "events": [event.to_document() for event in rules.events],
        }
        self._parts.journal.append("update", arguments)
        self._put(lambda: self._parts.analysis.update(job, rules.filters, rules.events))
        self._drain()

    def persist(self) -> str:
        """See `interfaces.OpenJob.persist`."""
        with self._order:
            self._put(self._parts.analysis.write_categories)
            self._drain()
            parts = self._parts
            position = parts.journal.position()
            snapshot = describe_snapshot(
                parts.job,
                parts.analysis.engine,
                self._ledger.totals,
                self._ledger.size,
                snapshot_id=parts.snapshots.new_id(),
                reader_state=parts.reader.save(),
                journal=parts.journal,
                now_ms=parts.clock(),
                is_closing=self._stopping.is_set(),
            )
            snapshot = dataclasses.replace(snapshot, epoch=parts.epoch)
            stored = parts.snapshots.store(snapshot, parts.analysis.engine.save())
            self._persisted_position = position
            parts.journal.truncate(position)
            return stored.snapshot_id

    def stats(self) -> OpenJobStats:
        """See `interfaces.OpenJob.stats`."""
        return self._ledger.stats()

    def close(self) -> None:
        """See `interfaces.OpenJob.close`."""
        self._stopping.set()
        self._persist_wanted.set()
        with self._order:
            self._drain()
            if self._parts.journal.position() != self._persisted_position:
                self.persist()
            self._ledger.store()
            self._parts.results.refresh()
            self._end()

    def abandon(self) -> None:
        """See `interfaces.OpenJob.abandon`."""
        self._stopping.set()
        self._persist_wanted.set()
        self._end()

    # --- replay -----------------------------------------------------------------------------

    def replay(self) -> None:
        """Do again what the journal holds behind the restored snapshot."""
        parts = self._parts
        with self._order:
            self._put(parts.analysis.begin_replay)
            for entry, blocks in parts.journal.entries(self._persisted_position):
                if entry.kind == "upload":
                    try:
                        self._read(blocks, entry.arguments)
                    except MalformedInput:
                        logger.info("replayed an upload with malformed records")
                elif entry.kind == "flush":
                    self._flush(FlushRequest(**entry.arguments))
                elif entry.kind == "update":
                    self._replay_update(entry.arguments)
            self._drain()
            if not parts.journal.is_new:
                # An upload that was never acknowledged may have left results. A new journal, on
                # the disk of another node say, does not know: then all results stay.
                latest = latest_bucket_ms(parts.job, parts.analysis.engine)
                parts.results.delete_after(-1 if latest is None else latest)
            self._put(lambda: parts.analysis.end_replay(settle_scores=not parts.journal.is_new))
            self._drain()

    def _replay_update(self, arguments: Mapping[str, Any]) -> None:
        job, filters = job_from_document(arguments["job"]), arguments.get("filters")
        events = arguments.get("events")
        if events is not None:
            events = [ScheduledEvent.from_document(event) for event in events]
        self._put(lambda: self._parts.analysis.update(job, filters, events))

    def adopt_rules(self) -> None:
        """Bring what is stored of the job's rules into force, behind the replayed data.

        What happened before was analysed by the rules that state and journal know; by these, and
        with its renormalization window, a later replay has to go as well.
        """
        with self._order:
            job = self._parts.job
            rules = self._parts.read_rules(job)
            engine = self._parts.analysis.engine
            if rules != engine.rules or not engine.renormalizes_as(job):
                self._update(job, rules)

    # --- stages -----------------------------------------------------------------------------

    def _admit(self) -> None:
        """Wait for room before an upload is received; once admitted it is taken whole."""
        if not self._work.wait_for_room(self._parts.settings.queue_wait_ms / 1000):
            raise TooManyRequestsError(
                f"job [{self._job_id}] has too much data waiting to be analysed; "
                "send this upload again later",
                headers=_RETRY_AFTER,
            )
        self._raise_failure()

    def _read(self, blocks: Iterable[bytes], arguments: Mapping[str, Any]) -> DataCounts:
        """Parse an upload and hand its records to the engine; the totals move on."""
        parts = self._parts
        if (reset_start := arguments.get("reset_start")) is not None:
            start_s, end_s = reset_start // 1000, arguments["reset_end"] // 1000
            self._put(lambda: parts.analysis.reset_buckets(start_s, end_s))
        received = arguments["received"]
        try:
            counts = parts.reader.read(
                blocks,
                lambda frame: self._put(lambda: parts.analysis.process(frame), frame.nbytes()),
            )
        except MalformedInput as error:
            error.counts = self._ledger.add(error.counts, received)
            raise
        self._put(self._ledger.measure)
        return self._ledger.add(counts, received)

    def _flush(self, request: FlushRequest) -> None:
        """Hand a flush to the engine, and its time limits to the reader."""
        self._put(lambda: self._parts.analysis.flush(request))
        if request.skip_time is not None or request.advance_time is not None:
            self._drain()
            self._parts.reader.set_floor(self._parts.analysis.engine.first_open_bucket)
        self._put(self._ledger.measure)

    def _put(self, item: Any, nbytes: int = 0) -> None:
        try:
            self._work.put(item, nbytes)
        except BaseException:
            self._raise_failure()
            raise

    def _drain(self) -> None:
        """Wait until all data are analysed and all results written."""
        try:
            self._work.drain()
            self._parts.results.drain()
        except BaseException:
            self._raise_failure()
            raise

    def _raise_failure(self) -> None:
        """An engine or writer that died makes the job fail, with its reason for the user."""
        failure = self._work.failure or self._parts.results.failure
        if failure is None:
            return
        if isinstance(failure, MlError):
            raise failure
        logger.error("analysis failed", exc_info=failure, extra={"ml.job_id": self._job_id})
        reason = (
            f"[{self._job_id}] the analysis failed: {type(failure).__name__}: {failure}. "
            "Acknowledged data are kept; close the job with force and open it again"
        )
        raise JobFailedError(reason) from failure

    # --- housekeeping -----------------------------------------------------------------------

    def _offer_stats(self) -> None:
        """Have counts and timing stored behind the results, when it is time to.

        The upload is durable: it neither waits for Elasticsearch nor fails with it.
        """
        if self._work.failure is not None or not self._ledger.is_due():
            return
        store = self._ledger.store_counts
        with suppress(Exception):  # the analysis died just now: the next call tells
            self._work.put(lambda: self._parts.results.call(store))

    def _persist_in_background(self) -> None:
        interval = self._parts.job.background_persist_interval
        default_ms = self._parts.settings.background_persist_interval_ms
        interval_s = (interval.millis if interval else default_ms) / 1000
        while True:
            self._persist_wanted.wait(interval_s)
            self._persist_wanted.clear()
            if self._stopping.is_set():
                return
            try:
                with self._order:
                    if self._parts.journal.position() != self._persisted_position:
                        self.persist()
            except Exception:
                logger.exception("background persist failed", extra={"ml.job_id": self._job_id})

    def _end(self) -> None:
        self._work.stop()
        self._parts.results.stop()


def _upload_arguments(reset: TimeRange | None, now_ms: int) -> dict[str, Any]:
    arguments: dict[str, Any] = {"received": now_ms}
    if reset is not None and reset.start is not None:
        arguments["reset_start"] = reset.start
        arguments["reset_end"] = reset.end if reset.end is not None else reset.start + 1000
    return arguments
