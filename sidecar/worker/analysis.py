"""The engine of an open job and the way of its results to Elasticsearch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import RecordFrame
from sidecar.engine.results import BucketResults, RescoredTable
from sidecar.interfaces import FlushRequest
from sidecar.schema.job import Job
from sidecar.schema.scheduled_event import ScheduledEvent
from sidecar.schema.timing_stats import TimingStats
from sidecar.worker.category_results import CategoryResults
from sidecar.worker.rescored_documents import rescored_documents
from sidecar.worker.result_documents import result_documents
from sidecar.worker.results_queue import Documents, ResultsQueue

_MS_PER_HOUR = 3_600_000


class Analysis:
    """Runs engine steps, one after another, and queues the documents they give.

    All methods are called from the engine's thread alone (or while it is drained). Final results
    replace interim ones: the first final block after interim results deletes these first.
    """

    def __init__(
        self,
        engine: AnomalyJob,
        job: Job,
        results: ResultsQueue,
        categories: CategoryResults,
        timing: TimingStats,
    ) -> None:
        self.engine = engine
        self.job = job
        self.timing = timing
        self._results = results
        self._categories = categories
        # Interim results of an earlier opening may still be there.
        self._interim_may_exist = True
        self._held_back: Documents | None = None
        self._replaying = False

    def process(self, frame: RecordFrame) -> None:
        """Analyse a frame of records."""
        self._emit(self.engine.process(frame))
        self._categories.write_redefined()

    def reset_buckets(self, start_s: int, end_s: int) -> None:
        """Forget the records of open buckets in the range."""
        self.engine.reset_buckets(start_s, end_s)

    def flush(self, request: FlushRequest) -> None:
        """Skip, then advance, then interim results."""
        if request.skip_time is not None:
            self.engine.skip_time(request.skip_time // 1000)
        if request.advance_time is not None:
            self._emit(self.engine.advance_time(request.advance_time // 1000))
        if request.calc_interim:
            self._emit_interim(_seconds(request.start), _seconds(request.end))
        self._categories.write_all()

    def write_categories(self) -> None:
        """Write all that has changed of the categories."""
        self._categories.write_all()

    def update(
        self,
        job: Job,
        filters: Mapping[str, Iterable[str]] | None = None,
        events: Iterable[ScheduledEvent] | None = None,
    ) -> None:
        """Apply a changed configuration; filters and events that are None stay."""
        self.job = job
        self.engine.update(job)
        if filters is not None:
            self.engine.set_filters(filters)
        if events is not None:
            self.engine.set_events(events)

    def begin_replay(self) -> None:
        """From now on interim results are held back: later steps may make them obsolete."""
        self._replaying = True

    def end_replay(self, *, settle_scores: bool) -> None:
        """Write the interim results that are still valid.

        With `settle_scores` also the scores of all results that may still be scored again: an
        upload that was never acknowledged may have changed them.
        """
        self._replaying = False
        if settle_scores:
            self._rescore(self.engine.logged_results())
        if self._held_back is not None:
            self._results.put(self._held_back)
            self._held_back = None

    def _emit(self, blocks: Iterator[BucketResults]) -> None:
        started = time.monotonic()
        for block in blocks:
            elapsed_ms = (time.monotonic() - started) * 1000.0
            if self._interim_may_exist:
                self._results.delete_interim()
                self._interim_may_exist = False
                self._held_back = None
            self._results.put(self._documents(block, elapsed_ms))
            self._rescore(block.rescored)
            if buckets := len(block.time):
                per_hour = _MS_PER_HOUR / self.job.analysis_config.bucket_span.millis
                self.timing = self.timing.after(buckets, elapsed_ms, per_hour)
            started = time.monotonic()

    def _emit_interim(self, start_s: int | None, end_s: int | None) -> None:
        started = time.monotonic()
        block = self.engine.interim(start_s, end_s)
        if block is None:
            return
        documents = self._documents(block, (time.monotonic() - started) * 1000.0)
        if self._interim_may_exist:
            self._results.delete_interim()
        self._interim_may_exist = True
        if self._replaying:
            self._held_back = documents
        else:
            self._results.put(documents)

    def _rescore(self, rescored: RescoredTable | None) -> None:
        if rescored is not None:
            self._results.update(
                rescored_documents(
                    self.job.job_id,
                    self.job.analysis_config,
                    rescored,
                    self.engine.series_names,
                    self.engine.dictionaries,
                )
            )

    def _documents(self, block: BucketResults, elapsed_ms: float) -> Documents:
        return result_documents(
            self.job.job_id,
            self.job.analysis_config,
            block,
            self.engine.series_names,
            self.engine.dictionaries,
            processing_time_ms=elapsed_ms,
        )


def _seconds(millis: int | None) -> int | None:
    return None if millis is None else millis // 1000
