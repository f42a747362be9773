"""Records as columns: what the record reader hands to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from sidecar.engine.arrays import ByteArray, CodeArray, FloatArray, HashArray, IntArray

# Code of a value that is missing, null or the empty string.
MISSING = -1


@dataclass(slots=True)
class FieldNeeds:
    """Which columns the job's detectors and influencers need (each field name once per list).

    Attributes
    ----------
    numbers : tuple of str
        Metric fields and the summary count field: float64, NaN where absent or not a number.
    codes : tuple of str
        By, over, partition and influencer fields: codes into the job's `FieldDictionary`.
    hashes : tuple of str
        Fields whose distinct values are counted: 64-bit hashes of the text, 0 where missing.
    texts : tuple of str
        Fields that are read as text: `TextColumn`.
    points : tuple of str
        Fields of the form "latitude,longitude": (n, 2) float64 degrees, NaN where absent or not
        of that form.
    """

    numbers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


@dataclass(slots=True)
class TextColumn:
    """Texts of n records in UTF-8: that of record i is `data[start[i]:end[i]]`, empty if missing.

    Attributes
    ----------
    data : (total,) uint8
    start, end : (n,) int64
    """

    data: ByteArray
    start: IntArray
    end: IntArray

    def rows(self, rows: slice) -> TextColumn:
        """Some of the records (views)."""
        return TextColumn(self.data, self.start[rows], self.end[rows])

    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.data.nbytes + self.start.nbytes + self.end.nbytes


@dataclass(slots=True)
class RecordFrame:
    """Accepted records in order of arrival; n records.

    Attributes
    ----------
    time : (n,) int64
        Epoch seconds.
    numbers, codes, hashes, texts, points : mapping of field name to column of n values
        See `FieldNeeds`. `codes` are int32, `MISSING` (-1) where there is no value.
    """

    time: IntArray
    numbers: Mapping[str, FloatArray] = field(default_factory=dict)
    codes: Mapping[str, CodeArray] = field(default_factory=dict)
    hashes: Mapping[str, HashArray] = field(default_factory=dict)
    texts: Mapping[str, TextColumn] = field(default_factory=dict)
    points: Mapping[str, FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)

    def rows(self, rows: slice) -> RecordFrame:
        """Some of the records (views)."""
        return RecordFrame(
            time=self.time[rows],
            numbers={name: column[rows] for name, column in self.numbers.items()},
            codes={name: column[rows] for name, column in self.codes.items()},
            hashes={name: column[rows] for name, column in self.hashes.items()},
            texts={name: column.rows(rows) for name, column in self.texts.items()},
            points={name: column[rows] for name, column in self.points.items()},
        )

    def nbytes(self) -> int:
        """Bytes of all columns."""
        kinds: tuple[Mapping[str, npt.NDArray[Any]], ...] = (
            self.numbers,
            self.codes,
            self.hashes,
            self.points,
        )
        fixed = sum(column.nbytes for columns in kinds for column in columns.values())
        return self.time.nbytes + fixed + sum(text.nbytes() for text in self.texts.values())
