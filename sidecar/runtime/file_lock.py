"""A lock file held with flock: one writer per journal, one sidecar per data folder."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from pathlib import Path

_RETRY_S = 0.02


class FolderInUseError(Exception):
    """Another process holds the lock."""


def lock_file(path: Path, timeout_s: float) -> int:
    """Lock `path` (made when missing); returns the descriptor that holds the lock.

    The last holder may still be ending (a process that was just killed), hence the patience.
    Raises FolderInUseError after `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            if time.monotonic() >= deadline:
                raise FolderInUseError(f"[{path.parent}] is in use by another process") from error
            pause.wait(_RETRY_S)
            continue
        if _is_file_of(fd, path):
            return fd
        # The holder before us removed the folder: this lock is on a file without a name.
        os.close(fd)
        path.parent.mkdir(parents=True, exist_ok=True)


def _is_file_of(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False
