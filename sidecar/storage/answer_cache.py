"""Answers about callers, kept for a short time and never under anything that tells who they are."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from sidecar import codec

T = TypeVar("T")

_KEY_BYTES = 32


class AnswerCache(Generic[T]):
    """A bounded cache whose entries end after a fixed time.

    Entries are found by a keyed hash; the key is random and never leaves the process, so that a
    dump of its memory or a collision made elsewhere tells or gains nothing.

    Parameters
    ----------
    keep_s : float
        How long an entry counts; 0 keeps nothing.
    max_entries : int
        Entries at once; the oldest go first.
    """

    def __init__(
        self,
        *,
        keep_s: float,
        max_entries: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keep_s = keep_s
        self._max_entries = max_entries
        self._monotonic = monotonic
        self._secret = secrets.token_bytes(_KEY_BYTES)
        self._lock = threading.Lock()
        self._entries: dict[bytes, tuple[float, T]] = {}

    def __len__(self) -> int:
        """Entries held, ended ones among them."""
        return len(self._entries)

    def key(self, *parts: str | None) -> bytes:
        """Name of the entry of these parts."""
        return hashlib.blake2b(codec.dumps(parts), key=self._secret, digest_size=32).digest()

    def get(self, key: bytes) -> T | None:
        """The entry; None when there is none or its time is over."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            until, value = found
            if self._monotonic() < until:
                return value
            del self._entries[key]
            return None

    def put(self, key: bytes, value: T) -> None:
        """Keep an entry from now on."""
        if self._keep_s <= 0:
            return
        with self._lock:
            self._entries.pop(key, None)  # so that it becomes the newest
            while len(self._entries) >= self._max_entries:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (self._monotonic() + self._keep_s, value)

    def forget(self, key: bytes) -> None:
        """Drop an entry; gone already is fine."""
        with self._lock:
            self._entries.pop(key, None)
