"""How much information a set of texts holds: the length of a code for it.

Texts are joined and parsed as Lempel and Ziv do [1]_: what was there a moment ago is a reference,
the rest are single bytes. Bytes and kinds of references are counted, and their code is the one of
a Dirichlet prior over all of them (an adaptive arithmetic coder comes to the same), so that a
short text costs about its bytes, and a long one what its own letters need. The size is close to
that of a compressed file but has no table, no header and no version.

References
----------
.. [1] J. Ziv, A. Lempel, A universal algorithm for sequential data compression, IEEE Trans. Inf.
   Theory 23 (1977).
"""

from __future__ import annotations

import math

import numpy as np

from sidecar.engine.arrays import ByteArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel

# Bytes, and references by the logarithm of their length.
SYMBOLS = 256 + 20
# Where a piece of text was last, by its hash.
HISTORY_BITS = 13
HISTORY_SLOTS = 1 << HISTORY_BITS
# Bytes of a reference at least, and how many it needs if it goes far back.
_LEAST_LENGTH = 4
_LEAST_FAR_LENGTH = 6
_FAR = 1024
# Bits beside the logarithms of length and distance.
_REFERENCE_BITS = 3.0
# What each symbol is worth before it was met.
_PRIOR = 0.125
_MULTIPLIER = np.uint32(0x9E3779B1)
_SHIFT = np.uint32(32 - HISTORY_BITS)
_SEPARATOR = 0


@kernel
def information(
    data: ByteArray,
    ends: IntArray,
    rows: IntArray,
    cell: IntArray,
    joined: ByteArray,
    history: IntArray,
    counts: FloatArray,
    out: FloatArray,
) -> None:
    """Bytes of information in the texts of each cell.

    Parameters
    ----------
    data, ends
        Texts one behind the other, and where each row's ends.
    rows, cell : (r,) int64
        Rows to take and the cell of each, ascending.
    joined : uint8
        Room for the texts of a cell and a byte behind each.
    history, counts : (HISTORY_SLOTS,) int64 zeros, (SYMBOLS,) float64
        Room to work in.
    out : (cells,) float64
        Filled for the cells that occur; whole bytes.
    """
    base = 1
    i = 0
    while i < len(rows):
        first = i
        length = 0
        while i < len(rows) and cell[i] == cell[first]:
            for place in range(ends[rows[i] - 1] if rows[i] > 0 else 0, ends[rows[i]]):
                joined[length] = data[place]
                length += 1
            joined[length] = _SEPARATOR
            length += 1
            i += 1
        # Nothing follows the last text that it would have to be kept apart from.
        out[cell[first]] = math.ceil(code_bits(joined, length - 1, base, history, counts) / 8.0)
        base += length


@kernel
def code_bits(
    text: ByteArray, length: int, base: int, history: IntArray, counts: FloatArray
) -> float:
    """Bits of the code for `text[:length]`.

    Parameters
    ----------
    base : int
        Places are kept in `history` as `base` + place, what is less is of another text.
    counts : (SYMBOLS,) float64
        Overwritten.
    """
    counts[:] = 0.0
    bits = 0.0
    symbols = 0.0
    place = 0
    while place < length:
        matched = 0
        distance = 0
        if place + _LEAST_LENGTH <= length:
            slot = _slot(text, place)
            before = history[slot] - base
            history[slot] = base + place
            if before >= 0:
                distance = place - before
                while place + matched < length and text[before + matched] == text[place + matched]:
                    matched += 1
        symbols += 1.0
        if matched >= (_LEAST_LENGTH if distance < _FAR else _LEAST_FAR_LENGTH):
            size = int(math.log2(matched))
            counts[256 + size] += 1.0
            bits += size + math.log2(distance) + _REFERENCE_BITS
            stop = place + matched
            place += 1
            while place < stop:
                if place + _LEAST_LENGTH <= length:
                    history[_slot(text, place)] = base + place
                place += 1
        else:
            counts[text[place]] += 1.0
            place += 1
    nats = math.lgamma(symbols + SYMBOLS * _PRIOR) - math.lgamma(SYMBOLS * _PRIOR)
    prior = math.lgamma(_PRIOR)
    for symbol in range(SYMBOLS):
        if counts[symbol] > 0.0:
            nats -= math.lgamma(counts[symbol] + _PRIOR) - prior
    return bits + nats / math.log(2.0)


@kernel
def _slot(text: ByteArray, place: int) -> int:
    """Where the four bytes from `place` on are looked up."""
    word = np.uint32(0)
    for i in range(place, place + 4):
        word = np.uint32(word << np.uint32(8)) | np.uint32(text[i])
    return int(np.uint32(word * _MULTIPLIER) >> _SHIFT)
