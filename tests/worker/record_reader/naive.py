"""The record reader written slowly and obviously: whole body, Python's json, one record at a time.

It shares no code with the reader but the Java patterns and the data classes. Malformed
JSON is found by recursive descent; how its rest is skipped is part of the contract: see `skip`.
Records have no limit of length here, and few levels.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from sidecar.schema.data_counts import DataCounts
from sidecar.schema.java_time import compile_time_format
from tests.worker.record_reader.naive_json import leaves, split

MAX_MS = 8_640_000_000_000_000
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass
class Result:
    times: list[int] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    counts: DataCounts = field(default_factory=lambda: DataCounts("job"))
    failed: bool = False


def number_of(text: str) -> float:
    text = text.strip("".join(map(chr, range(33))))
    if not NUMBER.fullmatch(text):
        return math.nan
    value = float(text)
    return value if math.isfinite(value) else math.nan


def point_of(text: str) -> tuple[float, float]:
    parts = [number_of(part) for part in text.split(",")]
    if len(parts) != 2 or not all(abs(part) <= 180 for part in parts):
        return math.nan, math.nan
    return parts[0], parts[1]


def time_of(text: str, time_format: str) -> int | None:
    if time_format in ("epoch", "epoch_ms"):
        value = number_of(text)
        if math.isnan(value) or abs(value) > MAX_MS:
            return None
        ms = int(value) * (1000 if time_format == "epoch" else 1)
    else:
        parsed = compile_time_format(time_format).parse(text)
        if parsed is None:
            return None
        ms = parsed
    return ms if abs(ms) <= MAX_MS else None


class Window:
    """Counts of buckets as a dict from bucket number to records."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.records: dict[int, int] = {}
        self.newest: int | None = None
        self.oldest = 0
        self.counted: int | None = None
        self.passed: list[tuple[range, str]] = []

    def add(self, bucket: int) -> None:
        if self.newest is None:
            self.newest = self.oldest = bucket
        while self.newest < bucket:
            if self.newest - self.oldest + 1 == self.size:
                self.judge(self.oldest)
                self.records.pop(self.oldest, None)
                self.oldest += 1
            self.newest += 1
            if not self.records and self.counted == self.oldest - 1:
                # A gap that no list could hold.
                gap = bucket - self.newest
                self.passed.append((range(self.oldest, self.oldest + gap), "empty"))
                self.counted += gap
                self.oldest += gap
                self.newest += gap
        if bucket > self.newest - self.size:
            self.oldest = min(self.oldest, bucket)
            self.records[bucket] = self.records.get(bucket, 0) + 1

    def judge(self, bucket: int) -> None:
        if self.counted is not None and bucket <= self.counted:
            return
        self.counted = bucket
        records = self.records.get(bucket, 0)
        kind = "full"
        if records == 0:
            kind = "empty"
        elif math.log(sum(self.records.values()) / len(self.records)) - math.log(records) > 2:
            kind = "sparse"
        self.passed.append((range(bucket, bucket + 1), kind))

    def end_of_upload(self) -> list[tuple[range, str]]:
        if self.newest is not None:
            for bucket in range(self.oldest, self.newest):
                self.judge(bucket)
        passed, self.passed = self.passed, []
        return passed


class NaiveReader:
    def __init__(
        self,
        time_field: str = "time",
        time_format: str = "epoch",
        analysis_fields: tuple[str, ...] = (),
        bucket_span_s: int = 60,
        latency_s: int = 0,
    ) -> None:
        self.time_field, self.time_format = time_field, time_format
        self.analysis_fields = analysis_fields
        self.span_s, self.latency_s = bucket_span_s, latency_s
        self.floor_s: int | None = None
        self.latest: int | None = None
        self.earliest: int | None = None
        self.window = Window(max(10, math.ceil(latency_s / bucket_span_s)))

    def read(self, body: bytes) -> Result:
        result = Result()
        records, errors, looked = split(body)
        fields = missing = invalid = late = 0
        earliest = dropped = None
        for record in records:
            found = leaves(record)
            values = dict(found)
            fields += max(len(found) - 1, 0)
            missing += sum(name not in values for name in {self.time_field, *self.analysis_fields})
            ms = time_of(values.get(self.time_field, ""), self.time_format)
            if ms is None:
                invalid += 1
                continue
            if self.is_late(ms):
                late += 1
                if self.latest is not None and ms <= self.latest:
                    dropped = ms if dropped is None else max(dropped, ms)
                continue
            if self.earliest is None:
                self.earliest = earliest = ms
            self.latest = ms if self.latest is None else max(ms, self.latest)
            self.window.add(ms // (self.span_s * 1000))
            result.times.append(ms // 1000)
            result.rows.append(values)
        passed = self.window.end_of_upload()

        def latest_bucket(kind: str) -> int | None:
            return max(
                (b[-1] * self.span_s * 1000 for b, k in passed if k == kind and b), default=None
            )

        def buckets(*kinds: str) -> int:
            return sum(len(b) for b, k in passed if k in kinds)

        result.counts = DataCounts(
            job_id="job",
            analysed_field_count=len(set(self.analysis_fields) - {self.time_field}),
            processed_record_count=len(result.times),
            input_bytes=looked,
            input_field_count=fields,
            invalid_date_count=invalid,
            missing_field_count=missing,
            out_of_order_timestamp_count=late,
            bucket_count=buckets("full", "empty", "sparse"),
            empty_bucket_count=buckets("empty"),
            sparse_bucket_count=buckets("sparse"),
            earliest_record_timestamp=earliest,
            latest_record_timestamp=self.latest if result.times else dropped,
            latest_empty_bucket_timestamp=latest_bucket("empty"),
            latest_sparse_bucket_timestamp=latest_bucket("sparse"),
        )
        result.failed = bool(errors)
        return result

    def is_late(self, ms: int) -> bool:
        second = ms // 1000
        if self.floor_s is not None and second < self.floor_s:
            return True
        if self.latest is None:
            return False
        span_ms = self.span_s * 1000
        return second < self.latest // span_ms * self.span_s - self.latency_s
