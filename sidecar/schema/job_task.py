"""The task of an open job: its state, its owner and the owner's epoch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """States of a job, as `_stats` names them. A job without a task is closed."""

    CLOSED = "closed"
    OPENING = "opening"
    OPENED = "opened"
    CLOSING = "closing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobTask:
    """Who runs an open job. Times are epoch milliseconds.

    `epoch` grows by one with every owner; whoever holds an older epoch must stop writing.
    `lease_expires` is renewed by the owner; after it anyone may take the job over.
    """

    job_id: str
    state: JobState
    node_id: str
    node_name: str
    epoch: int
    open_time: int
    lease_expires: int
    reason: str | None = None

    def to_document(self) -> dict[str, Any]:
        """The stored form."""
        return {**dataclasses.asdict(self), "state": str(self.state)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> JobTask:
        """Read back what `to_document` wrote; unknown members are ignored."""
        names = {f.name for f in dataclasses.fields(cls)}
        known = {k: v for k, v in document.items() if k in names}
        return cls(**{**known, "state": JobState(known["state"])})
