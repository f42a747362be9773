"""Counts, sizes and times of an open job, and when they are stored."""

from __future__ import annotations

import dataclasses
import logging

from sidecar.clock import Clock
from sidecar.errors import MlError
from sidecar.interfaces import AuditLog, OpenJobStats, StatsStore
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.worker.analysis import Analysis
from sidecar.worker.model_size import audit_memory_status, model_size_stats

logger = logging.getLogger(__name__)

# Counts and timing are stored at most this often while data stream in; always at flush and close.
_STORE_EVERY_MS = 5_000


class Ledger:
    """What users see of a running job: `totals`, `size` and the timing of its analysis.

    `add` is called by the thread that parses, `measure` by the engine's; both replace immutable
    values, so `stats` may be read by any.
    """

    def __init__(
        self,
        totals: DataCounts,
        analysis: Analysis,
        store: StatsStore,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._analysis = analysis
        self._store = store
        self._audit = audit
        self._clock = clock
        self._stored_at = 0
        self.totals = totals
        self.size = self._size_now(peak_bytes=0)

    def stats(self) -> OpenJobStats:
        """All of it, as of now."""
        return OpenJobStats(self.totals, self.size, self._analysis.timing)

    def add(self, counts: DataCounts, received_ms: int) -> DataCounts:
        """Add an upload's counts to the totals; returns them stamped with its time."""
        counts = dataclasses.replace(counts, last_data_time=received_ms, log_time=received_ms)
        self.totals = self.totals.plus(counts)
        return counts

    def measure(self) -> None:
        """Look how large the models have become; a worse memory status is audited."""
        before = self.size.memory_status
        self.size = self._size_now(peak_bytes=self.size.peak_model_bytes)
        if self.size.memory_status != before:
            audit_memory_status(self._audit, self.size)

    def is_due(self) -> bool:
        """Whether the counts should be stored while data stream in; asked once, it is not soon."""
        now = self._clock()
        if now - self._stored_at < _STORE_EVERY_MS:
            return False
        self._stored_at = now
        return True

    def store(self) -> None:
        """Store everything."""
        self._stored_at = self._clock()
        self._store.put(counts=self.totals, size=self.size, timing=self._analysis.timing)

    def store_counts(self) -> None:
        """Store counts and timing; they will be stored again, so a fault is only logged."""
        try:
            self._store.put(counts=self.totals, timing=self._analysis.timing)
        except MlError as error:
            logger.warning(
                "counts are not stored yet: %s",
                error.reason,
                extra={"ml.job_id": self.totals.job_id},
            )

    def _size_now(self, peak_bytes: int) -> ModelSizeStats:
        return model_size_stats(
            self.totals.job_id,
            self._analysis.engine,
            peak_bytes=peak_bytes,
            now_ms=self._clock(),
        )
