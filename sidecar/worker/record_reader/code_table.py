"""Texts of a field to the codes of its dictionary, through a hash table over their bytes."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from sidecar.engine.arrays import CodeArray, HashArray, IntArray
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.record_frame import MISSING
from sidecar.worker.record_reader.bytes_classes import ABSENT, NULL, ByteArray
from sidecar.worker.record_reader.kernel import kernel
from sidecar.worker.record_reader.record_scan import Spans
from sidecar.worker.record_reader.text_hash import hash_text

_FIRST_SLOTS: Final = 1024
_FIRST_BYTES: Final = 16384
# Texts a table may hold, as a share of its slots: 1 / 2.
_SLOTS_PER_TEXT: Final = 2


class _Slots(NamedTuple):
    """The hash table, open addressing with steps of one; s slots, a power of two.

    Attributes
    ----------
    place : (s,) int32
        Place of the text in order of appearance, -1 in an empty slot.
    hash : (s,) uint64
        Its hash.
    start : (s / 2 + 1,) int64
        By place: the text is text[start[place]:start[place + 1]].
    text : uint8
        All texts, one behind the other.
    """

    place: CodeArray
    hash: HashArray
    start: IntArray
    text: ByteArray


class CodeTable:
    """Knows the code of every text that was met; a new one goes to the dictionary once."""

    def __init__(self, dictionary: FieldDictionary) -> None:
        self._dictionary = dictionary
        self._slots = _empty(_FIRST_SLOTS, _FIRST_BYTES)
        self._codes = np.empty(_FIRST_SLOTS // _SLOTS_PER_TEXT, dtype=np.int32)
        self._texts = 0

    def codes(self, buf: ByteArray, spans: Spans, field: int, rows: CodeArray) -> CodeArray:
        """Codes of the texts of a field, `MISSING` where there is none.

        Parameters
        ----------
        rows : (n,) int32
            Rows of `spans` to take.

        Returns
        -------
        (n,) int32
        """
        places = np.empty(len(rows), dtype=np.int32)
        known = self._texts
        done = 0
        while done < len(rows):
            done, self._texts = _find(
                buf, spans, field, rows, done, self._slots, self._texts, places
            )
            if done < len(rows):
                self._grow(int(spans.end[rows[done], field] - spans.start[rows[done], field]))
        for place in range(known, self._texts):
            start, end = self._slots.start[place], self._slots.start[place + 1]
            name = self._slots.text[start:end].tobytes().decode("utf-8")
            self._codes[place] = self._dictionary.code(name)
        _to_codes(places, self._codes)
        return places

    def _grow(self, length: int) -> None:
        """Make room for at least one more text of `length` bytes."""
        slots = self._slots
        used = int(slots.start[self._texts])
        text = slots.text
        if used + length > len(text):
            text = np.empty(max(2 * len(text), used + length), dtype=np.uint8)
            text[:used] = slots.text[:used]
        if self._texts * _SLOTS_PER_TEXT < len(slots.place):
            self._slots = slots._replace(text=text)
            return
        self._slots = _empty(2 * len(slots.place), 0)._replace(text=text)
        self._slots.start[: self._texts + 1] = slots.start[: self._texts + 1]
        _move(slots, self._slots)
        codes = np.empty(len(self._slots.place) // _SLOTS_PER_TEXT, dtype=np.int32)
        codes[: self._texts] = self._codes[: self._texts]
        self._codes = codes


def _empty(slots: int, text_bytes: int) -> _Slots:
    return _Slots(
        place=np.full(slots, -1, dtype=np.int32),
        hash=np.zeros(slots, dtype=np.uint64),
        start=np.zeros(slots // _SLOTS_PER_TEXT + 1, dtype=np.int64),
        text=np.empty(text_bytes, dtype=np.uint8),
    )


@kernel
def _find(
    buf: ByteArray,
    spans: Spans,
    field: int,
    rows: CodeArray,
    begin: int,
    slots: _Slots,
    texts: int,
    places: CodeArray,
) -> tuple[int, int]:
    """Places of the texts of rows[begin:]; new texts are added.

    Returns how many rows are done (not all when there is no room for a text) and how many texts
    there are.
    """
    mask = np.uint64(len(slots.place) - 1)
    for i in range(begin, len(rows)):
        row = rows[i]
        kind = spans.kind[row, field]
        pos, end = spans.start[row, field], spans.end[row, field]
        if kind == ABSENT or kind == NULL or pos == end:
            places[i] = MISSING
            continue
        hashed = hash_text(buf, pos, end)
        slot = np.int64(hashed & mask)
        place = slots.place[slot]
        while place >= 0:
            if slots.hash[slot] == hashed and _same(slots, place, buf, pos, end):
                break
            slot = (slot + 1) & np.int64(mask)
            place = slots.place[slot]
        if place < 0:
            used = slots.start[texts]
            if texts * _SLOTS_PER_TEXT >= len(slots.place) or used + end - pos > len(slots.text):
                return i, texts
            for k in range(end - pos):
                slots.text[used + k] = buf[pos + k]
            place = texts
            slots.place[slot] = place
            slots.hash[slot] = hashed
            texts += 1
            slots.start[texts] = used + end - pos
        places[i] = place
    return len(rows), texts


@kernel
def _same(slots: _Slots, place: int, buf: ByteArray, pos: int, end: int) -> bool:
    start = slots.start[place]
    if slots.start[place + 1] - start != end - pos:
        return False
    for k in range(end - pos):
        if slots.text[start + k] != buf[pos + k]:
            return False
    return True


@kernel
def _move(old: _Slots, new: _Slots) -> None:
    """Put the places of an old table into a larger one."""
    mask = np.uint64(len(new.place) - 1)
    for i in range(len(old.place)):
        if old.place[i] >= 0:
            slot = np.int64(old.hash[i] & mask)
            while new.place[slot] >= 0:
                slot = (slot + 1) & np.int64(mask)
            new.place[slot] = old.place[i]
            new.hash[slot] = old.hash[i]


@kernel
def _to_codes(places: CodeArray, codes: CodeArray) -> None:
    """Replace places by the codes of their texts; what is missing stays so."""
    for i in range(len(places)):
        if places[i] >= 0:
            places[i] = codes[places[i]]
