"""The distinct texts of open cells, and how much information they hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sidecar.engine.arrays import ByteArray, FloatArray, HashArray, IntArray
from sidecar.engine.columns import AnyArray, Columns
from sidecar.engine.gathering.information import HISTORY_SLOTS, SYMBOLS, information
from sidecar.engine.gathering.text_kernels import join_texts, keep_texts, place_texts
from sidecar.engine.pair_table import PairTable
from sidecar.engine.record_frame import TextColumn

_FIRST_BYTES = 1024


class DistinctTexts:
    """Every (cell, text) once, by the text's hash; of a cell only so many bytes are kept."""

    __slots__ = ("_data", "_ends", "_keys")

    def __init__(self) -> None:
        self._keys = PairTable()  # (cell, hash)
        self._ends = Columns(end=np.int64(0))
        self._data: ByteArray = np.empty(_FIRST_BYTES, np.uint8)

    def add(
        self,
        cells: IntArray,
        hashes: HashArray,
        texts: TextColumn,
        text_bytes: FloatArray,
        text_kept: IntArray,
    ) -> None:
        """Take records over.

        Parameters
        ----------
        cells : (n,) int64
            Cell of each record, negative where it has none.
        hashes, texts
            Of each record.
        text_bytes : (cells,) float64
            Bytes of all distinct texts of a cell; goes on.
        text_kept : (cells,) int64
            Those of them that are kept; goes on.
        """
        known = self._keys.size
        rows = self._keys.find_or_add(cells, hashes.view(np.int64), cells)
        if self._keys.size == known:
            return
        used = self._used_bytes()
        self._ends.resize(self._keys.size)
        source = np.empty(self._keys.size - known, np.int64)
        ends = self._ends["end"]
        place_texts(
            rows, cells, known, used, texts.start, texts.end, text_bytes, text_kept, source, ends
        )
        self._make_room(self._used_bytes())
        keep_texts(texts.data, source, known, used, ends, self._data)

    def information(self, position: IntArray, kept: IntArray) -> FloatArray:
        """Information of the texts that are kept of some cells.

        Parameters
        ----------
        position : (cells,) int64
            New number of each cell, -1 if left out.
        kept : (m,) int64
            Bytes kept, by new number.

        Returns
        -------
        (m,) float64, whole bytes
        """
        out = np.zeros(len(kept))
        cell = position[self._keys.first]
        chosen = np.flatnonzero(cell >= 0)
        if len(chosen):
            # An order of the texts that does not depend on when they came.
            chosen = chosen[np.lexsort((self._keys.second[chosen], cell[chosen]))]
            cell = cell[chosen]
            size = kept + np.bincount(cell, minlength=len(kept))
            information(
                self._data,
                self._ends.used("end"),
                chosen,
                cell,
                np.empty(int(size.max()), np.uint8),
                np.zeros(HISTORY_SLOTS, np.int64),
                np.empty(SYMBOLS),
                out,
            )
        return out

    def move_cells(self, position: IntArray) -> None:
        """Give cells new numbers; texts of cells at -1 are dropped."""
        cell = position[self._keys.first]
        rows = np.flatnonzero(cell >= 0)
        if len(rows) < self._keys.size:
            used = join_texts(self._data, self._ends.used("end"), rows)
            roomy = max(_FIRST_BYTES, 2 * used)
            self._data = self._data[:roomy].copy() if roomy < len(self._data) // 2 else self._data
            self._ends.keep(rows)
        self._keys.load(cell[rows], self._keys.second[rows])

    def nbytes(self) -> int:
        """Bytes in use."""
        return self._keys.nbytes() + self._ends.nbytes() + self._used_bytes()

    def save(self) -> dict[str, AnyArray]:
        """Named arrays (views)."""
        return {
            "cell": self._keys.first,
            "hash": self._keys.second,
            "end": self._ends.used("end"),
            "data": self._data[: self._used_bytes()],
        }

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over."""
        none = np.empty(0, np.int64)
        self._keys.load(arrays.get("cell", none), arrays.get("hash", none))
        self._ends.load(self._keys.size, arrays)
        data = arrays.get("data", np.empty(0, np.uint8))
        self._make_room(len(data))
        self._data[: len(data)] = data

    def _used_bytes(self) -> int:
        ends = self._ends.used("end")
        return int(ends[-1]) if len(ends) else 0

    def _make_room(self, size: int) -> None:
        if size > len(self._data):
            data = np.empty(max(size, 2 * len(self._data)), np.uint8)
            data[: len(self._data)] = self._data
            self._data = data
