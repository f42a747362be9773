"""Data counts: what happened to the records of a job."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TIMES = (
    "earliest_record_timestamp",
    "latest_record_timestamp",
    "last_data_time",
    "latest_empty_bucket_timestamp",
    "latest_sparse_bucket_timestamp",
)
_COUNTS = (
    "processed_record_count",
    "input_bytes",
    "input_field_count",
    "invalid_date_count",
    "missing_field_count",
    "out_of_order_timestamp_count",
    "empty_bucket_count",
    "sparse_bucket_count",
    "bucket_count",
)


@dataclass(frozen=True, slots=True)
class DataCounts:
    """Totals of a job, or the increments of one upload. Times are epoch milliseconds.

    `analysed_field_count` is the number of analysis fields of the job (without the time
    field); `processed_field_count` and `input_record_count` are computed as native does.
    """

    job_id: str
    analysed_field_count: int = 0
    processed_record_count: int = 0
    input_bytes: int = 0
    input_field_count: int = 0
    invalid_date_count: int = 0
    missing_field_count: int = 0
    out_of_order_timestamp_count: int = 0
    empty_bucket_count: int = 0
    sparse_bucket_count: int = 0
    bucket_count: int = 0
    earliest_record_timestamp: int | None = None
    latest_record_timestamp: int | None = None
    last_data_time: int | None = None
    latest_empty_bucket_timestamp: int | None = None
    latest_sparse_bucket_timestamp: int | None = None
    log_time: int | None = None

    @property
    def input_record_count(self) -> int:
        """Records read: processed, out of order and with an invalid date."""
        return (
            self.processed_record_count
            + self.out_of_order_timestamp_count
            + self.invalid_date_count
        )

    @property
    def processed_field_count(self) -> int:
        """Fields that reached the analysis; at least 0."""
        fields = self.processed_record_count * self.analysed_field_count
        return max(0, fields - self.missing_field_count)

    def plus(self, other: DataCounts) -> DataCounts:
        """Totals after an upload: counts add up, the earliest time stays, later times win."""
        changes: dict[str, Any] = {n: getattr(self, n) + getattr(other, n) for n in _COUNTS}
        for name in _TIMES[1:]:
            times = [t for t in (getattr(self, name), getattr(other, name)) if t is not None]
            changes[name] = max(times, default=None)
        if self.earliest_record_timestamp is None:
            changes["earliest_record_timestamp"] = other.earliest_record_timestamp
        changes["log_time"] = other.log_time if other.log_time is not None else self.log_time
        changes["analysed_field_count"] = other.analysed_field_count or self.analysed_field_count
        return dataclasses.replace(self, **changes)

    def to_document(self) -> dict[str, Any]:
        """The members in the order native answers them; unset times are left out."""
        document: dict[str, Any] = {
            "job_id": self.job_id,
            "processed_record_count": self.processed_record_count,
            "processed_field_count": self.processed_field_count,
        }
        for name in _COUNTS[1:]:
            document[name] = getattr(self, name)
        for name in _TIMES:
            if (value := getattr(self, name)) is not None:
                document[name] = value
        document["input_record_count"] = self.input_record_count
        if self.log_time is not None:
            document["log_time"] = self.log_time
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any], analysed_field_count: int) -> DataCounts:
        """Read back what `to_document` wrote; unknown members are ignored."""
        names = {f.name for f in dataclasses.fields(cls)} - {"analysed_field_count"}
        known = {k: v for k, v in document.items() if k in names}
        return cls(**known, analysed_field_count=analysed_field_count)
