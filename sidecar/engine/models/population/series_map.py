"""Which attribute and which entity each series of a population detector belongs to."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import CodeArray, IntArray
from sidecar.engine.gathering.cells import SeriesKeys
from sidecar.engine.pair_table import PairTable

_NO_CODES = np.empty(0, np.int32)
_NO_ROWS = np.empty(0, np.int64)


class SeriesMap:
    """Numbers of attributes, (partition, by), and of entities, (partition, over), by series.

    Attributes have state, so their numbers are part of it; entities are numbered anew after a
    restore and whenever series were forgotten.

    Attributes
    ----------
    attributes : PairTable
        (partition, by) of each attribute, in order of their first series.
    attribute, entity : (n_series,) int32
    example : (attributes,) int64
        The first series of each attribute.
    """

    __slots__ = ("_entities", "_has_by", "attribute", "attributes", "entity", "example")

    def __init__(self, *, has_by: bool) -> None:
        self._has_by = has_by
        self.attributes = PairTable()
        self._entities = PairTable()
        self.attribute: CodeArray = _NO_CODES
        self.entity: CodeArray = _NO_CODES
        self.example: IntArray = _NO_ROWS

    def extend(self, keys: SeriesKeys) -> None:
        """Map the series that came up since."""
        new = slice(len(self.attribute), len(keys.over))
        if new.start < new.stop:
            partition = keys.partition[new].astype(np.int64)
            by = keys.by[new].astype(np.int64)
            attribute = self.attributes.find_or_add(partition, by, np.zeros_like(by))
            self.attribute = np.concatenate([self.attribute, attribute.astype(np.int32)])
            self._find_examples()
        new = slice(len(self.entity), len(keys.over))
        if new.start < new.stop:
            # Without by fields a series is an entity.
            entity = np.arange(new.start, new.stop)
            if self._has_by:
                partition = keys.partition[new].astype(np.int64)
                over = keys.over[new].astype(np.int64)
                entity = self._entities.find_or_add(partition, over, np.zeros_like(over))
            self.entity = np.concatenate([self.entity, entity.astype(np.int32)])

    def keep(self, series: IntArray) -> IntArray:
        """Forget all series but these, which are renumbered; the attributes left, ascending."""
        attribute = self.attribute[series[series < len(self.attribute)]]
        kept = np.unique(attribute).astype(np.int64)
        place = np.zeros(self.attributes.size, np.int32)
        place[kept] = np.arange(len(kept))
        self.load(self.attributes.first[kept], self.attributes.second[kept], place[attribute])
        return kept

    def load(self, partition: IntArray, by: IntArray, attribute: CodeArray) -> None:
        """Take over the attributes and each series' one; entities are numbered anew."""
        self.attributes.load(partition, by)
        self.attribute = attribute.astype(np.int32)
        self._entities = PairTable()
        self.entity = _NO_CODES
        self._find_examples()

    def _find_examples(self) -> None:
        series = len(self.attribute)
        self.example = np.full(self.attributes.size, series, np.int64)
        np.minimum.at(self.example, self.attribute, np.arange(series))

    @property
    def entities(self) -> int:
        """How many entities there are."""
        return self._entities.size if self._has_by else len(self.entity)

    def nbytes(self) -> int:
        """Bytes in use."""
        tables = self.attributes.nbytes() + self._entities.nbytes()
        return tables + int(self.attribute.nbytes + self.entity.nbytes + self.example.nbytes)

    def copy(self) -> SeriesMap:
        """An independent copy."""
        twin = SeriesMap(has_by=self._has_by)
        twin.attributes.load(self.attributes.first, self.attributes.second)
        twin._entities.load(self._entities.first, self._entities.second)
        # Replaced, never written to, when they grow.
        twin.attribute, twin.entity, twin.example = self.attribute, self.entity, self.example
        return twin
