"""The journal: what was acknowledged and is not yet in a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One durable step of a job's life, in order.

    `kind` is `upload` (payload in `chunks`), `flush` or `update` (a job's changed configuration,
    filters and scheduled events); `arguments` are plain values.
    """

    position: int
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class JournalUpload(Protocol):
    """An upload being received."""

    def append(self, chunk: bytes) -> None:
        """Write a piece of the body (not yet synced)."""

    def read(self) -> Iterator[bytes]:
        """The body again from its beginning, in blocks."""

    def commit(self) -> JournalEntry:
        """Make the upload durable (fsync) and part of the journal."""

    def discard(self) -> None:
        """Forget the upload."""


class Journal(Protocol):
    """What was acknowledged and is not yet in a snapshot, on local disk; one writer per job."""

    @property
    def journal_id(self) -> str:
        """Random name of this journal's life: positions of another life do not compare."""

    @property
    def is_new(self) -> bool:
        """Whether this opening made it: nothing on this disk knows what became of the job."""

    def begin_upload(self, arguments: Mapping[str, Any]) -> JournalUpload:
        """Start receiving an upload."""

    def append(self, kind: str, arguments: Mapping[str, Any]) -> JournalEntry:
        """Make a step durable (fsync)."""

    def position(self) -> int:
        """Position of the last committed entry; 0 when there was none."""

    def entries(self, after: int) -> Iterator[tuple[JournalEntry, Iterator[bytes]]]:
        """Committed entries behind a position, each with the blocks of its body."""

    def truncate(self, upto: int) -> None:
        """A snapshot contains all entries up to and including this one: they may go."""

    def size_bytes(self) -> int:
        """Bytes on disk."""

    def delete(self) -> None:
        """Remove the journal: the job was closed or deleted."""

    def close(self) -> None:
        """Release the files; the journal stays on disk."""
