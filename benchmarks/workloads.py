"""Generated record streams of the speed benchmarks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

BUCKET_SPAN_S = 300
START_S = 1_706_486_400
SEED = 7


@dataclass(frozen=True, slots=True)
class Workload:
    """A stream of `records` records of `series` series, evenly spread over `buckets` buckets.

    It is analysed by `mean`, split by the key, or by `detectors` where they are given.
    """

    name: str
    series: int
    buckets: int
    split: str | None
    records: int = 1_000_000
    detectors: tuple[Mapping[str, str], ...] = ()

    def job(self) -> dict[str, Any]:
        """The job that analyses it."""
        mean = {"function": "mean", "field_name": "value"}
        if self.split:
            mean[f"{self.split}_field_name"] = "key"
        detectors = [dict(detector) for detector in self.detectors] or [mean]
        return {
            "analysis_config": {"bucket_span": "5m", "detectors": detectors},
            "analysis_limits": {"model_memory_limit": "1gb"},
            "data_description": {"time_field": "time", "time_format": "epoch"},
        }

    def blocks(self, records_per_block: int) -> Iterator[bytes]:
        """Newline-delimited JSON, in time order; the same bytes every time."""
        generator = np.random.Generator(np.random.PCG64(SEED))
        for first in range(0, self.records, records_per_block):
            rows = np.arange(first, min(first + records_per_block, self.records))
            time = START_S + rows * self.buckets // self.records * BUCKET_SPAN_S
            time += rows * self.buckets % self.records * BUCKET_SPAN_S // self.records
            key = rows % self.series
            value = 100 + key % 50 + 10 * generator.standard_normal(len(rows))
            yield "".join(
                f'{{"time":{t},"key":"series-{k}","value":{v:.3f}}}\n'
                for t, k, v in zip(time.tolist(), key.tolist(), value.tolist(), strict=True)
            ).encode()


WORKLOADS = (
    Workload("a: one series", 1, 33_334, None),
    Workload("b: 20 by values", 20, 3_334, "by"),
    Workload("c: 1,000 partitions", 1_000, 1_000, "partition"),
    Workload("d: 10,000 partitions", 10_000, 100, "partition"),
    Workload(
        "e: count and rare, 1,000 by values",
        1_000,
        1_000,
        "by",
        detectors=(
            {"function": "count", "by_field_name": "key"},
            {"function": "rare", "by_field_name": "key"},
        ),
    ),
)
