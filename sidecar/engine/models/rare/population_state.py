"""State of rare functions over a field, as the kernels see it."""

from __future__ import annotations

from typing import NamedTuple

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray


class Showings(NamedTuple):
    """What one entity showed of one by value; rows are series.

    `seen` is (n,) float64, decayed buckets with the value; `last` (n,) int64, buckets of the
    partition when it was last seen, that one included, 0: never.
    """

    seen: FloatArray
    last: IntArray


class Attributes(NamedTuple):
    """By values of a partition: decayed number of entities that show them, and its date."""

    entities: FloatArray
    last: IntArray


class Entities(NamedTuple):
    """Over values of a partition.

    `seen` (e,) float64 is the decayed number of buckets the entity was present in, `last` (e,)
    int64 its date.
    """

    seen: FloatArray
    last: IntArray


class Populations(NamedTuple):
    """Partitions; only buckets in which a partition has records count for it.

    Attributes
    ----------
    buckets : (g,) int64
        Active buckets so far.
    weight : (g,) float64
        Decayed number of (bucket, entity) pairs.
    entities : (g,) float64
        Decayed number of entities.
    classes, amounts : (g, CLASSES) float64
        Of these pairs, by class of the rarest value: how many; and what each class added to the
        amount of values (their number, or the log of their records) of this class or rarer.
    """

    buckets: IntArray
    weight: FloatArray
    entities: FloatArray
    classes: FloatArray
    amounts: FloatArray


class Split(NamedTuple):
    """What a series belongs to, each (n,) int32.

    An attribute is a partition and by value, an entity a partition and over value.
    """

    partition: CodeArray
    attribute: CodeArray
    entity: CodeArray


class Work(NamedTuple):
    """Room for one bucket.

    Attributes
    ----------
    active : (g,) int64
        Partitions that have cells.
    keep : (g,) float64
        Share of its history that a partition keeps; negative where it has no cell yet.
    weight, classes, amounts : (g,), (g, CLASSES), (g, CLASSES) float64
        What the bucket adds to those of `Populations`; all 0 between buckets.
    by_class : (CLASSES,) float64
        What one entity shows: values, or records.
    verdict : (3,) float64
        What `judge_entity` found.
    """

    active: IntArray
    keep: FloatArray
    weight: FloatArray
    classes: FloatArray
    amounts: FloatArray
    by_class: FloatArray
    verdict: FloatArray
