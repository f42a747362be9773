"""Numbers for what several series of a detector share: a partition, an attribute, an entity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sidecar.engine.arrays import CodeArray, IntArray
from sidecar.engine.columns import AnyArray
from sidecar.engine.pair_table import PairTable

_NO_SERIES = np.empty(0, np.int32)


class SplitIds:
    """Ids of pairs of split values, in order of the first series that has them.

    Attributes
    ----------
    of_series : (n_series,) int32
        Id of each series.
    """

    __slots__ = ("_pairs", "of_series")

    def __init__(self) -> None:
        self._pairs = PairTable()
        self.of_series: CodeArray = _NO_SERIES

    def __len__(self) -> int:
        return self._pairs.size

    def meet(self, first: CodeArray, second: CodeArray | None = None) -> None:
        """Take new series into account: split values of all series, (n_series,) int32."""
        known = len(self.of_series)
        if len(first) == known:
            return
        left = first[known:].astype(np.int64)
        right = np.full_like(left, -1) if second is None else second[known:].astype(np.int64)
        fresh: IntArray = self._pairs.find_or_add(left, right, np.zeros_like(left))
        self.of_series = np.concatenate([self.of_series, fresh.astype(np.int32)])

    def keep(self, series: IntArray) -> IntArray:
        """Forget all series but these (ascending), and the pairs that none of them has.

        Returns
        -------
        (kept,) int64 former ids of the pairs that are left, ascending; their places are the new.
        """
        kept = np.unique(self.of_series[series]).astype(np.int64)
        self.of_series = np.searchsorted(kept, self.of_series[series]).astype(np.int32)
        self._pairs.load(self._pairs.first[kept], self._pairs.second[kept])
        return kept

    def copy(self) -> SplitIds:
        """An independent copy."""
        twin = SplitIds()
        twin._pairs.load(self._pairs.first, self._pairs.second)
        twin.of_series = self.of_series
        return twin

    def nbytes(self) -> int:
        """Bytes in use."""
        return self._pairs.nbytes() + self.of_series.nbytes

    def save(self) -> dict[str, AnyArray]:
        """Named arrays."""
        return {
            "first": self._pairs.first.copy(),
            "second": self._pairs.second.copy(),
            "of_series": self.of_series,
        }

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over."""
        self._pairs.load(arrays["first"], arrays["second"])
        self.of_series = arrays["of_series"]
