"""Which by and over values are frequent, so that `exclude_frequent` leaves them out of results.

An over value is frequent when it occurs in most of its partition's buckets, so is a by value
without an over field; with one it is frequent when most over values of a bucket have it.
"""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, IntArray
from sidecar.engine.columns import AnyArray
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.kernel import kernel
from sidecar.engine.models.series.layout import DAY_S
from sidecar.engine.pair_table import PairTable
from sidecar.schema.detector import Detector

# What most means.
FREQUENT_SHARE = 0.5
# Buckets of a partition before any of its values is called frequent.
LEAST_BUCKETS = 20.0
# Shares forget half of the past after so long, or so many buckets.
_HALF_LIFE_S = 14 * DAY_S
_LEAST_HALF_LIFE = 200.0
_NO_ROWS = np.empty(0, np.int64)


@kernel
def _share(
    weights: FloatArray, last: FloatArray, buckets: FloatArray, value: int, partition: int, k: float
) -> float:
    """Decayed share of a value in the buckets of its partition, 0 while these are few."""
    if value < 0 or buckets[partition] < LEAST_BUCKETS:
        return 0.0
    all_buckets = (1.0 - k ** buckets[partition]) / (1.0 - k)
    return float(weights[value] * k ** (buckets[partition] - last[value]) / all_buckets)


@kernel
def follow_shares(
    keep: float,
    start: IntArray,
    series: CodeArray,
    value: CodeArray,
    partition: CodeArray,
    entity: CodeArray,
    asked_start: IntArray,
    asked: CodeArray,
    weights: FloatArray,
    last: FloatArray,
    buckets: FloatArray,
    here: FloatArray,
    entities: FloatArray,
    seen: IntArray,
    frequent: BoolArray,
) -> None:
    """Answer which series are frequent by the buckets before each, and learn each bucket.

    Parameters
    ----------
    keep : float
        What is left of a share after one bucket of its partition.
    start, series
        The detector's `ClosedCells`.
    value, partition, entity : (n_series,) int32
        Of each series; value -1 where it has none. `entity` is of length 0 where a value's share
        is that of buckets, not of the entities in them.
    asked_start : (k + 1,) int64
        Series asked for in bucket i are `asked`[asked_start[i] : asked_start[i + 1]].
    weights, last : (values,) float64
        Decayed occurrences of each value, as of its partition's bucket number `last`.
    buckets : (partitions,) float64
        Non-empty buckets so far.
    here, entities, seen : (values,), (partitions,), (entities,)
        Room to work in; `here` and `entities` all 0, `seen` all -1.
    frequent : (asked,) bool
        True where a value is; others are left alone.
    """
    for b in range(len(start) - 1):
        for i in range(asked_start[b], asked_start[b + 1]):
            s = asked[i]
            if _share(weights, last, buckets, value[s], partition[s], keep) > FREQUENT_SHARE:
                frequent[i] = True
        low, high = start[b], start[b + 1]
        for i in range(low, high):
            s = series[i]
            if len(entity) == 0:
                entities[partition[s]] = 1.0
            elif seen[entity[s]] < b:
                seen[entity[s]] = b
                entities[partition[s]] += 1.0
            if value[s] >= 0:
                here[value[s]] += 1.0
        for i in range(low, high):
            p, v = partition[series[i]], value[series[i]]
            if entities[p] > 0.0:
                # Once a partition and bucket: below it is negative.
                buckets[p] += 1.0
                entities[p] = -entities[p]
            if v >= 0 and here[v] > 0.0:
                part = min(1.0, here[v] / -entities[p]) if len(entity) > 0 else 1.0
                weights[v] = weights[v] * keep ** (buckets[p] - last[v]) + part
                last[v] = buckets[p]
                here[v] = 0.0
        for i in range(low, high):
            entities[partition[series[i]]] = 0.0


class _Shares:
    """Shares of the values of one field."""

    __slots__ = ("_buckets", "_keep", "_of_entities", "_partitions", "_values", "_weights")

    def __init__(self, keep: float, *, of_entities: bool) -> None:
        self._keep = keep
        self._of_entities = of_entities
        self._values = PairTable()  # (partition, value)
        self._partitions = PairTable()  # (partition, 0)
        self._weights = np.zeros((2, 0))  # by value: decayed occurrences, as of which bucket
        self._buckets = np.zeros(0)  # by partition: non-empty buckets so far

    def mark(
        self,
        cells: ClosedCells,
        keys: SeriesKeys,
        codes: CodeArray,
        asked_start: IntArray,
        asked: CodeArray,
        frequent: BoolArray,
    ) -> None:
        """Mark the frequent ones among the series asked for, and learn the buckets."""
        use = np.zeros(len(codes), np.int64)
        partition64 = keys.partition.astype(np.int64)
        partition = self._partitions.find_or_add(partition64, use, use)
        value = self._values.find_or_add(
            partition64, codes.astype(np.int64), codes.astype(np.int64)
        )
        self._weights = _wider(self._weights, self._values.size)
        self._buckets = _wider(self._buckets, self._partitions.size)
        entity, entities = _NO_ROWS, 0
        if self._of_entities:
            table = PairTable()
            entity = table.find_or_add(partition64, keys.over.astype(np.int64), use)
            entities = table.size
        follow_shares(
            self._keep,
            cells.start,
            cells.series,
            value.astype(np.int32),
            partition.astype(np.int32),
            entity.astype(np.int32),
            asked_start,
            asked,
            self._weights[0],
            self._weights[1],
            self._buckets,
            np.zeros(self._values.size),
            np.zeros(self._partitions.size),
            np.full(entities, -1, np.int64),
            frequent,
        )

    def copy(self) -> _Shares:
        twin = _Shares(self._keep, of_entities=self._of_entities)
        twin.load(self.save())
        return twin

    def nbytes(self) -> int:
        tables = self._values.nbytes() + self._partitions.nbytes()
        return tables + int(self._weights.nbytes + self._buckets.nbytes)

    def save(self) -> dict[str, AnyArray]:
        return {
            "partition": self._values.first.copy(),
            "value": self._values.second.copy(),
            "weights": self._weights.copy(),
            "partitions": self._partitions.first.copy(),
            "buckets": self._buckets.copy(),
        }

    def load(self, arrays: dict[str, AnyArray]) -> None:
        self._values.load(arrays.get("partition", _NO_ROWS), arrays.get("value", _NO_ROWS))
        partitions = arrays.get("partitions", _NO_ROWS)
        self._partitions.load(partitions, np.zeros(len(partitions), np.int64))
        self._weights = np.zeros((2, self._values.size))
        self._buckets = np.zeros(len(partitions))
        if "weights" in arrays:
            self._weights[:] = arrays["weights"]
            self._buckets[:] = arrays["buckets"]


def _wider(array: FloatArray, size: int) -> FloatArray:
    """Room for `size` columns; new ones hold 0."""
    before = array.shape[-1]
    if size == before:
        return array
    wider = np.zeros((*array.shape[:-1], size))
    wider[..., :before] = array
    return wider


class FrequentValues:
    """What `exclude_frequent` of a detector leaves out.

    Parameters
    ----------
    detector : Detector
    span_s : int
        Bucket span, s.
    """

    __slots__ = ("_shares",)

    def __init__(self, detector: Detector, span_s: int) -> None:
        keep = 0.5 ** (1.0 / max(_HALF_LIFE_S / span_s, _LEAST_HALF_LIFE))
        excluded = detector.exclude_frequent or "none"
        has_over = bool(detector.over_field_name)
        self._shares: dict[str, _Shares] = {}
        if excluded in ("all", "by") and detector.by_field_name:
            self._shares["by"] = _Shares(keep, of_entities=has_over)
        if excluded in ("all", "over") and has_over:
            self._shares["over"] = _Shares(keep, of_entities=False)

    def __bool__(self) -> bool:
        """Whether anything is left out at all."""
        return bool(self._shares)

    def mark(
        self, cells: ClosedCells, keys: SeriesKeys, asked_start: IntArray, asked: CodeArray
    ) -> BoolArray:
        """(asked,) bool: the series of these buckets with a value that was frequent before.

        Learns the buckets: each is to be asked about once, together with all else in its block.
        Series asked for in bucket i are asked_start[i] : asked_start[i + 1].
        """
        frequent = np.zeros(len(asked), np.bool_)
        for name, shares in self._shares.items():
            codes = keys.by if name == "by" else keys.over
            shares.mark(cells, keys, codes, asked_start, asked, frequent)
        return frequent

    def cells(self, cells: ClosedCells, keys: SeriesKeys) -> BoolArray:
        """The same of all cells, (m,)."""
        return self.mark(cells, keys, cells.start, cells.series)

    def copy(self) -> FrequentValues:
        """An independent copy."""
        twin = FrequentValues.__new__(FrequentValues)
        twin._shares = {name: shares.copy() for name, shares in self._shares.items()}
        return twin

    def nbytes(self) -> int:
        """Bytes in use: by value, not by series."""
        return sum(shares.nbytes() for shares in self._shares.values())

    def save(self) -> dict[str, AnyArray]:
        """Arrays by name."""
        return {
            f"{field}.{name}": array
            for field, shares in self._shares.items()
            for name, array in shares.save().items()
        }

    def load(self, arrays: dict[str, AnyArray]) -> None:
        """Take saved arrays over."""
        for field, shares in self._shares.items():
            prefix = f"{field}."
            shares.load(
                {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            )
