"""How much memory a job's models take, and what the model memory limit still allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.engine.arrays import CodeArray
from sidecar.engine.categorization.stats import CategorizerStats
from sidecar.engine.dictionary import FieldDictionary

_MIB = 1024 * 1024
# Part of the limit from which the status is soft_limit.
_SOFT_PART = 0.6
# What a young series is expected to take in bytes, its name included: how many more fit is
# decided before their records are seen.
NEW_SERIES_BYTES = 1024


@dataclass(frozen=True, slots=True)
class ModelSize:
    """Sizes in bytes; `memory_status` is ok, soft_limit or hard_limit.

    Field counts are numbers of values, added up over the detectors (by and over values within
    their partition). `bucket_allocation_failures_count` counts the buckets in which new series
    were refused.
    """

    model_bytes: int
    total_by_field_count: int
    total_over_field_count: int
    total_partition_field_count: int
    bucket_allocation_failures_count: int
    memory_status: str
    model_bytes_exceeded: int
    categories: CategorizerStats = dataclasses.field(default_factory=CategorizerStats)


class NameBytes:
    """Bytes of the names that records have brought in so far.

    The record reader adds names to the dictionaries ahead of the engine; only those that the
    engine has met count, so that what fits into the limit does not depend on how far ahead it is.
    """

    __slots__ = ("_dictionaries", "_seen", "total")

    def __init__(self, dictionaries: Mapping[str, FieldDictionary]) -> None:
        self._dictionaries = dictionaries
        self._seen = dict.fromkeys(dictionaries, 0)
        self.total = 0

    def meet(self, codes: Mapping[str, CodeArray]) -> None:
        """Account for the names behind the codes of a frame."""
        for field, column in codes.items():
            highest = int(column.max(initial=-1)) + 1
            if highest > (before := self._seen.get(field, highest)):
                self.total += self._dictionaries[field].nbytes_of(range(before, highest))
                self._seen[field] = highest

    def save(self) -> dict[str, int]:
        """How many names of each field were met."""
        return dict(self._seen)

    def load(self, seen: Mapping[str, int]) -> None:
        """Take a saved state over; the dictionaries hold their names already."""
        for field, dictionary in self._dictionaries.items():
            self._seen[field] = min(int(seen.get(field, 0)), len(dictionary))
        self.total = sum(
            self._dictionaries[field].nbytes_of(range(count)) for field, count in self._seen.items()
        )


class MemoryLimit:
    """The model memory limit; beyond it no new series are taken, known ones go on."""

    __slots__ = ("_limit", "reached")

    def __init__(self, limit_mb: int | None) -> None:
        self._limit: int | None = None
        self.reached = False
        self.set(limit_mb)

    def set(self, limit_mb: int | None) -> None:
        """Change the limit (MiB); whether it is reached shows again with the next records."""
        limit = limit_mb * _MIB if limit_mb else None
        if limit != self._limit:
            self._limit = limit
            self.reached = False

    def room(self, model_bytes: int, none: int) -> int:
        """How many new series fit; `none` if there is no limit."""
        if self._limit is None:
            return none
        return max(0, self._limit - model_bytes) // NEW_SERIES_BYTES

    def status(self, model_bytes: int) -> str:
        """The memory status at a size."""
        if self._limit is None:
            return "ok"
        if self.reached or model_bytes >= self._limit:
            return "hard_limit"
        return "soft_limit" if model_bytes > _SOFT_PART * self._limit else "ok"

    def exceeded(self, model_bytes: int) -> int:
        """Bytes over the limit."""
        return 0 if self._limit is None else max(0, model_bytes - self._limit)
