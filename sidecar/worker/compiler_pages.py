"""Gives back the memory that the compiler's library fills once the kernels are loaded."""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

_LIBRARY = "libllvmlite"
_SMAPS = Path("/proc/self/smaps")
_MADV_DONTNEED = 4


def let_go_of_compiler() -> None:
    """Drop the pages of LLVM's code from this process; used again, they are mapped again.

    Loading kernels from the cache touches some 60 MiB of it, and a job without new kernels never
    needs it again. Only pages that are as they are in the file are dropped.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        unwritten = list(_unwritten(_SMAPS.read_text()))
        madvise = ctypes.CDLL(None).madvise
    except (OSError, AttributeError) as error:
        logger.info("the compiler stays in memory: %s", error)
        return
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for start, end in unwritten:
        madvise(start, end - start, _MADV_DONTNEED)


def _unwritten(smaps: str) -> Iterator[tuple[int, int]]:
    """Mappings of the library that cannot be written to, and of which no page ever was."""
    candidate: tuple[int, int] | None = None
    for line in smaps.splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            start, end = (int(part, 16) for part in words[0].split("-"))
            is_code = "w" not in words[1] and _LIBRARY in words[-1]
            candidate = (start, end) if is_code else None
        elif words[0] == "Anonymous:" and candidate and words[1] == "0":
            yield candidate
            candidate = None
