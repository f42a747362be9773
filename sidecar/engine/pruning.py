"""When series without records are forgotten: model_prune_window."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import IntArray
from sidecar.engine.gathering.open_buckets import OpenBuckets
from sidecar.schema.analysis_config import AnalysisConfig

# Native's default window, for configurations that were stored without one.
_DEFAULT_WINDOW_S = 30 * 86_400
_DEFAULT_WINDOW_BUCKETS = 20
# Parts of the window after which it is looked at again.
_PARTS = 10


class Pruning:
    """Marks times of the bucket sequence, a part of the window apart, at which to prune.

    Attributes
    ----------
    window : int
        Buckets.
    pruned_at : int or None
        Last mark that was passed, epoch seconds; None before time has begun.
    """

    __slots__ = ("_interval_s", "_span_s", "pruned_at", "window")

    def __init__(self, config: AnalysisConfig) -> None:
        self.pruned_at: int | None = None
        self.set_window(config)

    def set_window(self, config: AnalysisConfig) -> None:
        """Take the window of a configuration; it counts from the next mark on."""
        self._span_s = config.bucket_span.seconds
        window_s = max(_DEFAULT_WINDOW_S, _DEFAULT_WINDOW_BUCKETS * self._span_s)
        if config.model_prune_window is not None:
            window_s = config.model_prune_window.seconds
        self.window = max(1, window_s // self._span_s)
        self._interval_s = max(1, self.window // _PARTS) * self._span_s

    def rows_before(self, time: IntArray, buckets: OpenBuckets) -> int:
        """How many records come before the one that moves the clock over the next mark."""
        passed = self.pruned_at
        if passed is None:
            passed = self._passed(self._first_open(int(time[0]), buckets))
        mark = passed + self._interval_s
        # A bucket closes when another begins at least the latency after its end.
        reached = -(-(mark + buckets.latency) // self._span_s) * self._span_s
        beyond = time >= reached
        return int(np.argmax(beyond)) if beyond.any() else len(time)

    def is_due(self, buckets: OpenBuckets) -> bool:
        """Whether the clock has passed another mark since this was last asked."""
        if buckets.first_open is None:
            return False
        mark = self._passed(buckets.first_open)
        due = self.pruned_at is not None and mark > self.pruned_at
        if self.pruned_at is None or due:
            self.pruned_at = mark
        return due

    def _passed(self, time: int) -> int:
        return time // self._interval_s * self._interval_s

    def _first_open(self, time: int, buckets: OpenBuckets) -> int:
        """First open bucket once a record at `time` has moved the clock."""
        first = buckets.floor(buckets.floor(time) - buckets.latency)
        return first if buckets.first_open is None else max(first, buckets.first_open)
