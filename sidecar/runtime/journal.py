"""The journal of an open job on local disk: what was acknowledged and is in no snapshot yet."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from sidecar.errors import ConflictError, MlError, UnavailableError
from sidecar.interfaces import JournalEntry
from sidecar.runtime.journal_folder import (
    journal_folder,
    lock_folder,
    make_folder,
    remove_folder,
)
from sidecar.runtime.journal_segment import SUFFIX, Commit, DamagedSegmentError, Header, Segment

logger = logging.getLogger(__name__)

# A new segment begins when the last one is longer, so that `truncate` can free space.
SEGMENT_BYTES = 64 * 1024 * 1024

# Room that is reserved for an upload's commit before the upload is analysed: a full disk then
# shows while the upload can still be refused.
_COMMIT_ROOM_BYTES = 4096

_RETRY_AFTER = {"Retry-After": "30"}


class FileJournal:
    """Implements `interfaces.Journal` with segment files in one folder.

    Calls come from one thread at a time. A write that fails for want of space leaves the
    journal as it was and raises UnavailableError. When a commit fails nobody can tell what is
    on disk: the journal is `broken` then, every further write is refused, and the job must be
    opened again from what the disk holds.

    Attributes
    ----------
    broken : bool
        A commit failed: open the job again.
    receipt : str or None
        Name for the next upload, chosen by its sender; `last_receipt` tells after a crash
        whether that upload was committed.
    """

    def __init__(
        self,
        data_dir: Path,
        job_id: str,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        lock_timeout_s: float = 10.0,
    ) -> None:
        self._job_id = job_id
        self._folder = journal_folder(data_dir, job_id)
        self._segment_bytes = segment_bytes
        self._segments: list[Segment] = []
        self._upload: FileUpload | None = None
        self.broken = False
        self.is_new = False
        self.receipt: str | None = None
        try:
            make_folder(self._folder)
            self._lock_fd = lock_folder(self._folder, job_id, lock_timeout_s)
        except OSError as error:
            raise self._unavailable(error) from error
        try:
            self._recover()
        except OSError as error:
            self.close()
            raise self._unavailable(error) from error
        except BaseException:
            self.close()
            raise

    @property
    def journal_id(self) -> str:
        """See `interfaces.Journal.journal_id`."""
        return self._active.header.journal_id

    @property
    def last_receipt(self) -> str | None:
        """Receipt of the last committed upload."""
        return self._active.last_receipt

    def begin_upload(self, arguments: Mapping[str, Any]) -> FileUpload:
        """See `interfaces.Journal.begin_upload`; raises UnavailableError."""
        self._begin_entry()
        receipt, self.receipt = self.receipt, None
        self._upload = FileUpload(self, self._active, arguments, receipt)
        return self._upload

    def append(self, kind: str, arguments: Mapping[str, Any]) -> JournalEntry:
        """See `interfaces.Journal.append`; raises UnavailableError."""
        self._begin_entry()
        segment = self._active
        entry = JournalEntry(segment.position + 1, kind, arguments)
        commit = Commit(entry.position, segment.end, kind, arguments)
        try:
            end = segment.write_commit(segment.end, commit)
        except OSError as error:
            self._cut()
            raise self._unavailable(error) from error
        self._sync(commit, segment.end, end)
        return entry

    def position(self) -> int:
        """See `interfaces.Journal.position`."""
        return self._active.position

    def entries(self, after: int) -> Iterator[tuple[JournalEntry, Iterator[bytes]]]:
        """See `interfaces.Journal.entries`."""
        for segment in list(self._segments):
            for number, place in enumerate(list(segment.places), start=segment.header.base + 1):
                if number > after:
                    commit = segment.commit_at(place)
                    entry = JournalEntry(commit.position, commit.kind, commit.arguments)
                    yield entry, segment.blocks(place.start, place.commit)

    def truncate(self, upto: int) -> None:
        """See `interfaces.Journal.truncate`: removes the segments that are no longer needed."""
        try:
            if upto >= self.position() > self._active.header.base and self._upload is None:
                self._roll()
            for older, newer in list(pairwise(self._segments)):
                if newer.header.base > upto:
                    break
                older.path.unlink(missing_ok=True)
                older.close()
                self._segments.remove(older)
        except OSError as error:
            # Nothing is lost: entries that a snapshot contains are skipped at replay.
            logger.warning("journal [%s] could not be truncated: %s", self._folder, error)

    def size_bytes(self) -> int:
        """See `interfaces.Journal.size_bytes`."""
        return sum(segment.file_bytes() for segment in self._segments)

    def delete(self) -> None:
        """See `interfaces.Journal.delete`; the journal is closed as well."""
        try:
            remove_folder(self._folder)
        finally:
            self.close()

    def close(self) -> None:
        """See `interfaces.Journal.close`; a second call does nothing."""
        segments, self._segments = self._segments, []
        for segment in segments:
            segment.close()
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    # --- for FileUpload ---------------------------------------------------------------------

    def _commit_upload(
        self, arguments: Mapping[str, Any], *, start: int, offset: int, receipt: str | None
    ) -> JournalEntry:
        entry = JournalEntry(self._active.position + 1, "upload", arguments)
        commit = Commit(entry.position, start, entry.kind, arguments, receipt)
        self._upload = None
        try:
            end = self._active.write_commit(offset, commit)
        except OSError as error:
            # The engine has the upload already and the journal has not.
            self.broken = True
            self._cut()
            raise self._unavailable(error) from error
        self._sync(commit, offset, end)
        return entry

    def _sync(self, commit: Commit, offset: int, end: int) -> None:
        try:
            self._active.sync(commit, offset, end)
        except OSError as error:
            self.broken = True
            self._cut()
            raise self._unavailable(error) from error

    def _forget_upload(self) -> None:
        self._upload = None
        self._cut()

    def _unavailable(self, error: OSError) -> MlError:
        reason = (
            f"job [{self._job_id}] cannot take this: writing to the journal folder "
            f"[{self._folder}] failed: {error.strerror or error}; send it again later"
        )
        return UnavailableError(reason, headers=_RETRY_AFTER)

    # --- segments ---------------------------------------------------------------------------

    @property
    def _active(self) -> Segment:
        return self._segments[-1]

    def _begin_entry(self) -> None:
        if self._upload is not None:
            # Its receiver failed between receiving and committing.
            self._forget_upload()
        if self.broken:
            raise UnavailableError(
                f"job [{self._job_id}] is being opened again after a fault of its journal; "
                "send this again later",
                headers=_RETRY_AFTER,
            )
        if self._active.places and self._active.end >= self._segment_bytes:
            try:
                self._roll()
            except OSError as error:
                raise self._unavailable(error) from error

    def _roll(self) -> None:
        active = self._active
        active.cut()
        header = Header(active.header.journal_id, active.position, active.last_receipt)
        self._segments.append(Segment.create(self._folder, header))

    def _cut(self) -> None:
        try:
            self._active.cut()
        except OSError:
            logger.exception("journal [%s] could not be cut", self._folder)
            self.broken = True

    def _recover(self) -> None:
        paths = sorted(self._folder.glob("*" + SUFFIX))
        for path in paths:
            try:
                segment = Segment.recover(path)
            except DamagedSegmentError as error:
                if path != paths[-1]:
                    raise self._damaged(path) from error
                # A crash while the file was made: nothing in it was ever acknowledged.
                path.unlink()
                break
            if self._segments:
                self._join(segment)
            self._segments.append(segment)
        if not self._segments:
            self.is_new = True
            self._segments.append(Segment.create(self._folder, Header(secrets.token_hex(8), 0)))
        self._active.cut()

    def _join(self, segment: Segment) -> None:
        """Check that `segment` continues those recovered so far."""
        before = self._active
        if before.file_bytes() != before.end:
            segment.close()
            raise self._damaged(before.path)
        if (before.header.journal_id, before.position) != (
            segment.header.journal_id,
            segment.header.base,
        ):
            # Left over from a `truncate` whose removals reached the disk in another order.
            logger.info("journal [%s]: older segments are dropped", self._folder)
            for older in self._segments:
                older.path.unlink(missing_ok=True)
                older.close()
            self._segments.clear()

    def _damaged(self, path: Path) -> MlError:
        return ConflictError(
            f"the journal of job [{self._job_id}] is damaged: file [{path}] is not readable to "
            "its end; restore the file, or remove the folder to give up the data in it"
        )


class FileUpload:
    """Implements `interfaces.JournalUpload`."""

    def __init__(
        self,
        journal: FileJournal,
        segment: Segment,
        arguments: Mapping[str, Any],
        receipt: str | None,
    ) -> None:
        self._journal = journal
        self._segment = segment
        self._arguments = arguments
        self._receipt = receipt
        self._start = segment.end
        self._end = segment.end

    def append(self, chunk: bytes) -> None:
        """See `interfaces.JournalUpload.append`; raises UnavailableError."""
        try:
            self._end = self._segment.write_block(self._end, chunk)
        except OSError as error:
            raise self._journal._unavailable(error) from error

    def read(self) -> Iterator[bytes]:
        """See `interfaces.JournalUpload.read`; raises UnavailableError."""
        try:
            self._segment.reserve(self._end, _COMMIT_ROOM_BYTES)
        except OSError as error:
            self.discard()
            raise self._journal._unavailable(error) from error
        return self._segment.blocks(self._start, self._end)

    def commit(self) -> JournalEntry:
        """See `interfaces.JournalUpload.commit`; raises UnavailableError."""
        return self._journal._commit_upload(
            self._arguments, start=self._start, offset=self._end, receipt=self._receipt
        )

    def discard(self) -> None:
        """See `interfaces.JournalUpload.discard`."""
        self._journal._forget_upload()
