"""The bytes of a body in windows of one size, however they arrive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from sidecar.worker.record_reader.bytes_classes import ByteArray

# Bytes of a window; it is larger only while a record is longer than half of that.
WINDOW_BYTES: Final = 4 * 2**20

_BYTE_ORDER_MARK: Final = np.frombuffer(b"\xef\xbb\xbf", dtype=np.uint8)


class BodyBuffer:
    """A window that moves through a body; where it stands depends on the body alone.

    Attributes
    ----------
    buf : uint8
        `buf[pos:end]` are the bytes that have not been read; the reader moves `pos` on.
    offset : int
        Place of `buf[0]` in the body.
    is_last : bool
        Nothing follows behind `end`.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest: ByteArray = np.empty(0, dtype=np.uint8)
        self.buf: ByteArray = np.empty(WINDOW_BYTES, dtype=np.uint8)
        self.offset = 0
        self.pos = 0
        self.end = 0
        self.is_last = False

    def fill(self) -> bool:
        """Move the window on to what has not been read; False behind the last one."""
        if self.is_last:
            return False
        kept = self.end - self.pos
        size = WINDOW_BYTES if kept <= WINDOW_BYTES // 2 else kept + WINDOW_BYTES
        buf = self.buf if len(self.buf) == size else np.empty(size, dtype=np.uint8)
        buf[:kept] = self.buf[self.pos : self.end]
        self.buf, self.end = buf, kept
        is_first = self.offset == 0 and self.pos == 0
        self.offset += self.pos
        self.pos = 0
        while self.end < size and not self.is_last:
            self._append(size)
        if is_first and self.end >= 3 and bool((buf[:3] == _BYTE_ORDER_MARK).all()):
            self.pos = 3
        return True

    def _append(self, size: int) -> None:
        if len(self._rest) == 0:
            block = next(self._blocks, None)
            if block is None:
                self.is_last = True
                return
            self._rest = np.frombuffer(block, dtype=np.uint8)
        taken = min(len(self._rest), size - self.end)
        self.buf[self.end : self.end + taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        self.end += taken
