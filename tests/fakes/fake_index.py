"""An index in memory: what is written can be got at once and searched after a refresh."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sidecar import codec
from sidecar.interfaces import Document

Predicate = Callable[[Document], bool]


class FakeIndex:
    """Documents by id, kept as JSON bytes so that nobody can change a stored one by accident."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stored: dict[str, bytes] = {}
        self._searchable: dict[str, bytes] = {}

    def put(self, document_id: str, document: Document) -> None:
        """Store or overwrite."""
        with self._lock:
            self._stored[document_id] = codec.dumps(document)

    def change(self, document_id: str, members: Document) -> bool:
        """Replace members of a document; False when there is none."""
        with self._lock:
            found = self.get(document_id)
            if found is not None:
                self.put(document_id, {**found, **members})
        return found is not None

    def get(self, document_id: str) -> dict[str, Any] | None:
        """The document as last written."""
        with self._lock:
            found = self._stored.get(document_id)
        return None if found is None else codec.loads(found)

    def delete(self, document_id: str) -> bool:
        """Remove; False when there is none."""
        with self._lock:
            return self._stored.pop(document_id, None) is not None

    def delete_matching(self, predicate: Predicate) -> int:
        """Remove what matches, searchable or not, and refresh; returns how many went."""
        with self._lock:
            doomed = [name for name, document in self.all().items() if predicate(document)]
            for name in doomed:
                del self._stored[name]
            self.refresh()
        return len(doomed)

    def refresh(self) -> None:
        """Make everything written searchable."""
        with self._lock:
            self._searchable = dict(self._stored)

    def search(self, predicate: Predicate) -> list[dict[str, Any]]:
        """Searchable documents that match, in the order they were first written."""
        with self._lock:
            found = list(self._searchable.values())
        return [document for document in map(codec.loads, found) if predicate(document)]

    def all(self) -> dict[str, dict[str, Any]]:
        """Everything written, by id, searchable or not."""
        with self._lock:
            return {name: codec.loads(data) for name, data in self._stored.items()}
