"""64-bit hashes of texts: they are kept in models, so they never change."""

from __future__ import annotations

from typing import Final

import numpy as np

from sidecar.engine.arrays import CodeArray, HashArray
from sidecar.worker.record_reader.bytes_classes import ABSENT, NULL, ByteArray
from sidecar.worker.record_reader.kernel import kernel
from sidecar.worker.record_reader.record_scan import Spans

# Multipliers of MurmurHash2 (64 bit) and of the finaliser of MurmurHash3, by A. Appleby.
_MULTIPLIER: Final = np.uint64(0xC6A4A7935BD1E995)
_FINAL_1: Final = np.uint64(0xFF51AFD7ED558CCD)
_FINAL_2: Final = np.uint64(0xC4CEB9FE1A85EC53)
_SEED: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT_47: Final = np.uint64(47)
_SHIFT_33: Final = np.uint64(33)
_EIGHT: Final = np.uint64(8)


@kernel
def hash_text(buf: ByteArray, pos: int, end: int) -> np.uint64:
    """The hash of `buf[pos:end]`; never 0."""
    mixed = _SEED ^ (np.uint64(end - pos) * _MULTIPLIER)
    while pos < end:
        stop = min(pos + 8, end)
        word = np.uint64(0)
        for i in range(stop - 1, pos - 1, -1):
            word = (word << _EIGHT) | np.uint64(buf[i])
        pos = stop
        word = word * _MULTIPLIER
        word = (word ^ (word >> _SHIFT_47)) * _MULTIPLIER
        mixed = (mixed ^ word) * _MULTIPLIER
    mixed = (mixed ^ (mixed >> _SHIFT_33)) * _FINAL_1
    mixed = (mixed ^ (mixed >> _SHIFT_33)) * _FINAL_2
    mixed = mixed ^ (mixed >> _SHIFT_33)
    return mixed if mixed != 0 else np.uint64(1)


@kernel
def hash_values(buf: ByteArray, spans: Spans, field: int, rows: CodeArray, out: HashArray) -> None:
    """Hashes of the texts of a field, 0 where there is none.

    Parameters
    ----------
    rows : (n,) int32
        Rows of `spans` to take.
    out : (n,) uint64
        Filled.
    """
    for i in range(len(rows)):
        row = rows[i]
        kind = spans.kind[row, field]
        start, end = spans.start[row, field], spans.end[row, field]
        if kind == ABSENT or kind == NULL or start == end:
            out[i] = 0
        else:
            out[i] = hash_text(buf, start, end)
