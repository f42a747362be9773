"""Durations and byte sizes as Elasticsearch writes them (`5m`, `1024mb`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimeValue:
    """A duration that remembers how it was written.

    Attributes
    ----------
    millis : int
        The duration in milliseconds.
    text : str
        How the user wrote it (`60m` stays `60m`); this is what is rendered.
    """

    millis: int
    text: str

    @property
    def seconds(self) -> int:
        """Whole seconds."""
        return self.millis // 1000
