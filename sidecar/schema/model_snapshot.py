"""A model snapshot: the document that makes a saved state whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.schema.model_size_stats import ModelSizeStats

# Oldest job version whose state this snapshot format can be read by.
MIN_VERSION = "8.11.0"


@dataclass(frozen=True, slots=True)
class ModelSnapshot:
    """One saved model. Times are epoch milliseconds.

    `journal_position` is the number of the last journal entry whose effect the state holds;
    `data_counts` are the totals at that point. Both are ours: native ignores them.
    """

    job_id: str
    snapshot_id: str
    timestamp: int
    snapshot_doc_count: int
    description: str | None = None
    min_version: str = MIN_VERSION
    model_size_stats: ModelSizeStats | None = None
    latest_record_time_stamp: int | None = None
    latest_result_time_stamp: int | None = None
    quantiles: Mapping[str, Any] | None = None
    retain: bool = False
    journal_position: int = 0
    journal_id: str = ""
    data_counts: Mapping[str, Any] | None = None
    epoch: int = 0

    def to_document(self) -> dict[str, Any]:
        """The stored form."""
        document: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, ModelSizeStats):
                value = value.to_document()
            if value is not None:
                document[field.name] = value
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ModelSnapshot:
        """Read back what `to_document` wrote; unknown members are ignored."""
        names = {f.name for f in dataclasses.fields(cls)}
        known = {k: v for k, v in document.items() if k in names}
        if (size := known.get("model_size_stats")) is not None:
            known["model_size_stats"] = ModelSizeStats.from_document(size)
        return cls(**known)
