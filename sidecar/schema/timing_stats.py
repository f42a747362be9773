"""Timing stats: how long the buckets of a job take."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Weight of a new bucket in the exponential average.
SMOOTHING = 0.01


@dataclass(frozen=True, slots=True)
class TimingStats:
    """Bucket processing times of a job, in milliseconds."""

    job_id: str
    bucket_count: int = 0
    total_bucket_processing_time_ms: float = 0.0
    minimum_bucket_processing_time_ms: float | None = None
    maximum_bucket_processing_time_ms: float | None = None
    exponential_average_bucket_processing_time_ms: float | None = None
    exponential_average_bucket_processing_time_per_hour_ms: float = 0.0

    @property
    def average_bucket_processing_time_ms(self) -> float | None:
        """Mean over all buckets; None before the first."""
        if not self.bucket_count:
            return None
        return self.total_bucket_processing_time_ms / self.bucket_count

    def after(self, buckets: int, elapsed_ms: float, buckets_per_hour: float) -> TimingStats:
        """The stats after `buckets` (> 0) more buckets that took `elapsed_ms` together."""
        each = elapsed_ms / buckets
        average = self.exponential_average_bucket_processing_time_ms
        weight = 1.0 - (1.0 - SMOOTHING) ** buckets
        average = each if average is None else average + weight * (each - average)
        low, high = self.minimum_bucket_processing_time_ms, self.maximum_bucket_processing_time_ms
        return TimingStats(
            job_id=self.job_id,
            bucket_count=self.bucket_count + buckets,
            total_bucket_processing_time_ms=self.total_bucket_processing_time_ms + elapsed_ms,
            minimum_bucket_processing_time_ms=each if low is None else min(low, each),
            maximum_bucket_processing_time_ms=each if high is None else max(high, each),
            exponential_average_bucket_processing_time_ms=average,
            exponential_average_bucket_processing_time_per_hour_ms=average * buckets_per_hour,
        )

    def to_document(self) -> dict[str, Any]:
        """The stored and answered form; members not yet known are left out."""
        document: dict[str, Any] = dataclasses.asdict(self)
        document["average_bucket_processing_time_ms"] = self.average_bucket_processing_time_ms
        return {k: v for k, v in document.items() if v is not None}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> TimingStats:
        """Read back what `to_document` wrote; unknown members are ignored."""
        names = {f.name for f in dataclasses.fields(cls)}
        return cls(**{k: v for k, v in document.items() if k in names})
