"""A reader under test, and what it gave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.record_frame import FieldNeeds, RecordFrame, TextColumn
from sidecar.schema.data_counts import DataCounts
from sidecar.worker.record_reader import MalformedInput, RecordReader
from tests.worker.record_reader.naive import NaiveReader, number_of, point_of

FIELDS = ("name", "value", "tags.host", "tags.env.zone")
NEEDS = FieldNeeds(
    numbers=("value", "name"),
    codes=("name", "tags.host"),
    hashes=("tags.env.zone",),
    texts=("name", "value"),
    points=("name",),
)


def texts_of(column: TextColumn) -> list[str]:
    spans = zip(column.start.tolist(), column.end.tolist(), strict=True)
    return [column.data[start:end].tobytes().decode() for start, end in spans]


class Read:
    """Columns of one upload, joined, and its counts."""

    def __init__(self, frames: list[RecordFrame], counts: DataCounts, failed: bool) -> None:
        self.counts, self.failed = counts, failed
        self.times = [int(t) for f in frames for t in f.time]
        self.numbers = {n: [float(v) for f in frames for v in f.numbers[n]] for n in NEEDS.numbers}
        self.codes = {n: [int(v) for f in frames for v in f.codes[n]] for n in NEEDS.codes}
        self.hashes = {n: [int(v) for f in frames for v in f.hashes[n]] for n in NEEDS.hashes}
        self.points = {n: [p for f in frames for p in f.points[n].tolist()] for n in NEEDS.points}
        self.texts = {n: [t for f in frames for t in texts_of(f.texts[n])] for n in NEEDS.texts}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Read) and repr(vars(self)) == repr(vars(other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(vars(self))


class Job:
    """A reader with its dictionaries."""

    def __init__(self, **changes: Any) -> None:
        self.dictionaries = {name: FieldDictionary() for name in NEEDS.codes}
        options: dict[str, Any] = {
            "job_id": "job",
            "time_field": "time",
            "time_format": "epoch",
            "analysis_fields": FIELDS,
            "needs": NEEDS,
            "dictionaries": self.dictionaries,
            "bucket_span_s": 60,
            "latency_s": 0,
            "totals": DataCounts("job"),
        }
        self.reader = RecordReader(**{**options, **changes})

    def read(self, *blocks: bytes) -> Read:
        return self.read_blocks(blocks)

    def read_blocks(self, blocks: Iterable[bytes]) -> Read:
        frames: list[RecordFrame] = []
        try:
            counts = self.reader.read(blocks, frames.append)
        except MalformedInput as error:
            return Read(frames, error.counts, True)
        return Read(frames, counts, False)

    def names(self, field: str, codes: list[int]) -> list[str]:
        return [self.dictionaries[field].name(code) for code in codes]


def assert_equals_naive(job: Job, naive: NaiveReader, got: Read, body: bytes) -> None:
    expected = naive.read(body)
    assert got.counts == expected.counts
    assert got.failed == expected.failed
    assert got.times == expected.times
    for name in NEEDS.numbers:
        values = [number_of(row.get(name, "")) for row in expected.rows]
        np.testing.assert_array_equal(got.numbers[name], values)
    for name in NEEDS.codes:
        assert job.names(name, got.codes[name]) == [row.get(name, "") for row in expected.rows]
    for name in NEEDS.points:
        points = [point_of(row.get(name, "")) for row in expected.rows]
        np.testing.assert_array_equal(
            np.reshape(got.points[name], (-1, 2)), np.reshape(points, (-1, 2))
        )
    for name in NEEDS.texts:
        assert got.texts[name] == [row.get(name, "") for row in expected.rows]
    for name in NEEDS.hashes:
        _assert_same_partition(got.hashes[name], [row.get(name, "") for row in expected.rows])


def _assert_same_partition(hashes: list[int], texts: list[str]) -> None:
    """Equal texts have equal hashes, others others; 0 is for no text alone."""
    by_text = dict(zip(texts, hashes, strict=True))
    assert hashes == [by_text[text] for text in texts]
    assert len(set(by_text.values())) == len(by_text)
    assert all((text == "") == (hashed == 0) for text, hashed in by_text.items())


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    """The body in blocks that end at these places (modulo its length)."""
    ends = sorted({place % (len(body) + 1) for place in places} | {len(body)})
    return [body[a:b] for a, b in zip([0, *ends], ends, strict=False)]
