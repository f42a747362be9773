"""The series of a detector: (partition, by, over) values as append-only ids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sidecar.engine.arrays import BoolArray, CodeArray, IntArray
from sidecar.engine.columns import AnyArray, Columns
from sidecar.engine.gathering.cells import SeriesKeys
from sidecar.engine.gathering.gather_kernels import note_series, series_keys
from sidecar.engine.pair_table import NO_LIMIT, PairTable
from sidecar.engine.record_frame import MISSING, RecordFrame
from sidecar.schema.detector import Detector

_NO_CODES = np.empty(0, np.int32)
_NEVER = np.int64(np.iinfo(np.int64).max)


class SeriesIndex:
    """Ids in order of the first record that belongs to a series."""

    __slots__ = ("_columns", "_fields", "_keys", "_use_null")

    def __init__(self, detector: Detector) -> None:
        self._fields = (
            detector.partition_field_name,
            detector.by_field_name,
            detector.over_field_name,
        )
        self._use_null = detector.use_null
        self._keys = PairTable()
        self._columns = Columns(
            partition=np.int32(MISSING),
            by=np.int32(MISSING),
            over=np.int32(MISSING),
            first_bucket=_NEVER,
            last_active=np.int64(0),
        )

    def __len__(self) -> int:
        return self._keys.size

    def find(
        self,
        frame: RecordFrame,
        rows: IntArray,
        bucket_time: IntArray,
        short_of_memory: BoolArray,
        limit: int = NO_LIMIT,
    ) -> tuple[IntArray, int]:
        """Series of each record.

        Parameters
        ----------
        rows : (n,) int64
            Bucket row of each record, negative where the detector does not take it.
        bucket_time, short_of_memory : (buckets,)
            Start of each bucket; whether a new series was refused in it (written).
        limit : int
            How many series there may be.

        Returns
        -------
        (n,) int64 ids, negative where there is none; number of buckets newly short of memory.
        """
        partition, by, over = (frame.codes[name] if name else _NO_CODES for name in self._fields)
        first, second, use = np.empty((3, len(rows)), np.int64)
        series_keys(rows, partition, by, over, self._use_null, first, second, use)
        series = self._keys.find_or_add(first, second, use, limit)
        known = self._columns.size
        if self._keys.size > known:
            self._columns.resize(self._keys.size)
            packed = self._keys.first[known:]
            self._columns.used("partition")[known:] = packed >> 32
            self._columns.used("by")[known:] = packed.astype(np.int32)
            self._columns.used("over")[known:] = self._keys.second[known:]
        marked = note_series(
            series, rows, bucket_time, self._columns["first_bucket"], short_of_memory
        )
        return series, int(marked)

    def keys(self) -> SeriesKeys:
        """Split values and first buckets of all series (views)."""
        used = self._columns.used
        return SeriesKeys(used("partition"), used("by"), used("over"), used("first_bucket"))

    def note_active(self, series: CodeArray, active: IntArray) -> None:
        """Keep when cells of series were seen: `active` counts the job's buckets with records."""
        np.maximum.at(self._columns.used("last_active"), series, active)

    def last_active(self) -> IntArray:
        """(n_series,) the job's count of buckets with records when each series was last seen."""
        return self._columns.used("last_active")

    def keep(self, series: IntArray) -> None:
        """Forget all series but these (ascending), which get the ids 0, 1, ... in this order."""
        self._columns.keep(series)
        self._fill_keys()

    def distinct(self) -> tuple[int, int, int]:
        """Numbers of partition values, and of by and of over values within the partitions."""
        keys = self.keys()
        partition = keys.partition.astype(np.int64) << 32

        def count(values: CodeArray) -> int:
            present = values != MISSING
            return len(np.unique(partition[present] | values[present]))

        partitions = np.unique(keys.partition)
        return int(np.count_nonzero(partitions != MISSING)), count(keys.by), count(keys.over)

    def nbytes(self) -> int:
        """Bytes in use."""
        return self._keys.nbytes() + self._columns.nbytes()

    def save(self) -> dict[str, AnyArray]:
        """Named arrays (views)."""
        return self._columns.save()

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over."""
        size = max(
            (len(arrays[name]) for name in ("partition", "by", "over") if name in arrays), default=0
        )
        self._columns.load(size, arrays)
        self._fill_keys()

    def _fill_keys(self) -> None:
        keys = self.keys()
        self._keys.load(
            (keys.partition.astype(np.int64) << 32) | (keys.by.astype(np.int64) & 0xFFFFFFFF),
            keys.over.astype(np.int64),
        )
