"""One file of a journal: frames with length and checksum, appended and synced.

A frame is `<length u32><crc32 u32><kind u8><body>`; the checksum covers kind and body. A segment
begins with one HEADER frame; an entry is any number of BLOCK frames (an upload's body) and one
COMMIT frame, which makes them part of the journal. What follows the last good COMMIT was never
acknowledged.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from sidecar import codec

FORMAT = 1
SUFFIX = ".journal"

_FRAME = struct.Struct("<IIB")
# Longer bodies are split into several blocks, so that reading one back takes bounded memory.
_BLOCK_BYTES = 1024 * 1024
# No frame is ever longer (a commit carries at most one job configuration): a greater length
# is not a frame.
_FRAME_MAX_BYTES = 64 * 1024 * 1024


class _Kind(IntEnum):
    HEADER = 1
    BLOCK = 2
    COMMIT = 3


class DamagedSegmentError(Exception):
    """The file does not begin with a header of a format that is known."""


@dataclass(frozen=True, slots=True)
class Header:
    """First frame of a segment.

    `base` is the position before the segment's first entry; `last_receipt` the receipt of the
    last upload in the segments before.
    """

    journal_id: str
    base: int
    last_receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """Last frame of an entry; `start` is the offset of the entry's first frame."""

    position: int
    start: int
    kind: str
    arguments: Mapping[str, Any]
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry is in its segment: its first frame, its commit frame, behind it."""

    start: int
    commit: int
    end: int


def segment_name(base: int) -> str:
    """File name of the segment that begins behind `base`; names sort as positions do."""
    return f"{base:020d}{SUFFIX}"


class Segment:
    """An open segment. Offsets are bytes; OSError (no space, …) goes to the caller."""

    def __init__(self, path: Path, fd: int, header: Header, end: int) -> None:
        self.path = path
        self.header = header
        self.end = end
        self.places: list[Place] = []
        self.last_receipt = header.last_receipt
        self._fd = fd

    @classmethod
    def create(cls, folder: Path, header: Header) -> Segment:
        """Make a new file with its header, durable together with its name."""
        path = folder / segment_name(header.base)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        segment = cls(path, fd, header, 0)
        try:
            body = {
                "format": FORMAT,
                "journal_id": header.journal_id,
                "base": header.base,
                "last_receipt": header.last_receipt,
            }
            segment.end = segment._write(0, _Kind.HEADER, codec.pack(body))
            os.fsync(fd)
            sync_folder(folder)
        except BaseException:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
        return segment

    @classmethod
    def recover(cls, path: Path) -> Segment:
        """Open an existing file; `end` is behind its last good commit.

        Raises DamagedSegmentError when not even the header is whole.
        """
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            with os.fdopen(os.dup(fd), "rb") as file:
                frames = _frames(file)
                header, end = _read_header(path, next(frames, None))
                segment = cls(path, fd, header, end)
                segment._scan(frames)
        except BaseException:
            os.close(fd)
            raise
        return segment

    @property
    def position(self) -> int:
        """Position of the last entry up to the end of this segment."""
        return self.header.base + len(self.places)

    def file_bytes(self) -> int:
        """Size of the file, with what was never committed."""
        return os.fstat(self._fd).st_size

    def write_block(self, offset: int, chunk: bytes) -> int:
        """Write a piece of an upload's body at `offset`; returns the offset behind it."""
        view = memoryview(chunk)
        for begin in range(0, len(view), _BLOCK_BYTES):
            offset = self._write(offset, _Kind.BLOCK, view[begin : begin + _BLOCK_BYTES])
        return offset

    def reserve(self, offset: int, size: int) -> None:
        """Make sure that `size` bytes can be written at `offset`."""
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._fd, offset, size)

    def write_commit(self, offset: int, commit: Commit) -> int:
        """Write the commit frame at `offset`; returns the offset behind it."""
        body = [commit.position, commit.start, commit.kind, commit.arguments, commit.receipt]
        return self._write(offset, _Kind.COMMIT, codec.pack(body))

    def sync(self, commit: Commit, offset: int, end: int) -> None:
        """Make an entry durable whose commit frame is [offset, end)."""
        os.fsync(self._fd)
        self._add(commit, offset, end)

    def cut(self) -> None:
        """Remove what is behind the last commit."""
        os.ftruncate(self._fd, self.end)

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """Bodies of the BLOCK frames in [start, end)."""
        while start < end:
            length, _, kind = _FRAME.unpack(self._read(start, _FRAME.size))
            if kind == _Kind.BLOCK:
                yield self._read(start + _FRAME.size, length)
            start += _FRAME.size + length

    def commit_at(self, place: Place) -> Commit:
        """Read the commit frame of an entry."""
        return _read_commit(
            self._read(place.commit + _FRAME.size, place.end - place.commit - _FRAME.size)
        )

    def close(self) -> None:
        """Release the file."""
        os.close(self._fd)

    def _scan(self, frames: Iterator[tuple[int, bytes, int, int]]) -> None:
        start = self.end
        for kind, body, offset, end in frames:
            if kind == _Kind.BLOCK:
                continue
            if kind != _Kind.COMMIT:
                return
            commit = _read_commit(body)
            if commit.start != start or commit.position != self.position + 1:
                return
            self._add(commit, offset, end)
            start = end

    def _add(self, commit: Commit, offset: int, end: int) -> None:
        self.places.append(Place(commit.start, offset, end))
        self.end = end
        if commit.receipt is not None:
            self.last_receipt = commit.receipt

    def _write(self, offset: int, kind: _Kind, body: bytes | memoryview) -> int:
        prefix = _FRAME.pack(len(body), _checksum(kind, body), kind)
        for part in (prefix, body):
            view = memoryview(part)
            while view:
                written = os.pwrite(self._fd, view, offset)
                view = view[written:]
                offset += written
        return offset

    def _read(self, offset: int, size: int) -> bytes:
        data = os.pread(self._fd, size, offset)
        if len(data) != size:
            raise OSError(f"[{self.path}] is shorter than it was")
        return data


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _checksum(kind: int, body: bytes | memoryview) -> int:
    return zlib.crc32(body, kind)


def _frames(file: Any) -> Iterator[tuple[int, bytes, int, int]]:
    """(kind, body, offset, offset behind) of each frame up to the first that is not whole."""
    offset = 0
    while len(prefix := file.read(_FRAME.size)) == _FRAME.size:
        length, checksum, kind = _FRAME.unpack(prefix)
        if length > _FRAME_MAX_BYTES:
            return
        body = file.read(length)
        if len(body) != length or _checksum(kind, body) != checksum:
            return
        end = offset + _FRAME.size + length
        yield kind, body, offset, end
        offset = end


def _read_header(path: Path, frame: tuple[int, bytes, int, int] | None) -> tuple[Header, int]:
    if frame is None or frame[0] != _Kind.HEADER:
        raise DamagedSegmentError(f"[{path}] has no header")
    members = codec.unpack(frame[1])
    if members["format"] != FORMAT:
        raise DamagedSegmentError(f"[{path}] has the unknown format [{members['format']}]")
    return Header(members["journal_id"], members["base"], members["last_receipt"]), frame[3]


def _read_commit(body: bytes) -> Commit:
    position, start, kind, arguments, receipt = codec.unpack(body)
    return Commit(position, start, kind, arguments, receipt)
