"""Model size stats: how much memory a job's models take."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelSizeStats:
    """Sizes in bytes, times in epoch ms; `memory_status` is ok, soft_limit or hard_limit."""

    job_id: str
    model_bytes: int = 0
    peak_model_bytes: int = 0
    model_bytes_exceeded: int = 0
    model_bytes_memory_limit: int = 0
    total_by_field_count: int = 0
    total_over_field_count: int = 0
    total_partition_field_count: int = 0
    bucket_allocation_failures_count: int = 0
    memory_status: str = "ok"
    assignment_memory_basis: str | None = None
    categorized_doc_count: int = 0
    total_category_count: int = 0
    frequent_category_count: int = 0
    rare_category_count: int = 0
    dead_category_count: int = 0
    failed_category_count: int = 0
    categorization_status: str = "ok"
    log_time: int = 0
    timestamp: int | None = None

    def to_document(self) -> dict[str, Any]:
        """The stored and answered form, `result_type` included."""
        document: dict[str, Any] = {"job_id": self.job_id, "result_type": "model_size_stats"}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name != "job_id" and value is not None:
                document[field.name] = value
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ModelSizeStats:
        """Read back what `to_document` wrote; unknown members are ignored."""
        names = {f.name for f in dataclasses.fields(cls)}
        return cls(**{k: v for k, v in document.items() if k in names})
