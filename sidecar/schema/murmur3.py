"""MurmurHash3, the 128-bit variant for 64-bit machines (x64)."""

from __future__ import annotations

_MASK = 0xFFFFFFFFFFFFFFFF
_C1 = 0x87C37B91114253D5
_C2 = 0x4CF5AD432745937F


def murmur3_x64_128(data: bytes, seed: int = 0) -> tuple[int, int]:
    """Hash bytes.

    Parameters
    ----------
    data : bytes
        What to hash.
    seed : int
        Unsigned, at most 64 bits.

    Returns
    -------
    (int, int)
        The two halves `h1`, `h2`, each an unsigned 64-bit number.

    Notes
    -----
    The algorithm is Austin Appleby's, in the public domain; words are read little-endian, so
    the halves are those of the Java implementations too.

    Examples
    --------
    >>> tuple(map(hex, murmur3_x64_128(b"hello")))
    ('0xcbd8a7b341bd9b02', '0x5b1e906a48ae1d19')
    """
    h1 = h2 = seed & _MASK
    size = len(data)
    whole = size & ~15
    for at in range(0, whole, 16):
        k1 = int.from_bytes(data[at : at + 8], "little")
        k2 = int.from_bytes(data[at + 8 : at + 16], "little")
        h1 ^= _scramble(k1, _C1, 31, _C2)
        h1 = (_rotate(h1, 27) + h2) & _MASK
        h1 = (h1 * 5 + 0x52DCE729) & _MASK
        h2 ^= _scramble(k2, _C2, 33, _C1)
        h2 = (_rotate(h2, 31) + h1) & _MASK
        h2 = (h2 * 5 + 0x38495AB5) & _MASK
    if size > whole:
        # The reference reads the tail byte by byte; missing bytes are zero, and zero scrambles
        # to zero, so padding gives the same.
        h2 ^= _scramble(int.from_bytes(data[whole + 8 :], "little"), _C2, 33, _C1)
        h1 ^= _scramble(int.from_bytes(data[whole : whole + 8], "little"), _C1, 31, _C2)
    h1 ^= size
    h2 ^= size
    h1 = (h1 + h2) & _MASK
    h2 = (h2 + h1) & _MASK
    h1 = _finish(h1)
    h2 = _finish(h2)
    h1 = (h1 + h2) & _MASK
    h2 = (h2 + h1) & _MASK
    return h1, h2


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _scramble(word: int, first: int, bits: int, second: int) -> int:
    word = (word * first) & _MASK
    return (_rotate(word, bits) * second) & _MASK


def _finish(value: int) -> int:
    """Force all bits of a half to avalanche."""
    value ^= value >> 33
    value = (value * 0xFF51AFD7ED558CCD) & _MASK
    value ^= value >> 33
    value = (value * 0xC4CEB9FE1A85EC53) & _MASK
    return value ^ (value >> 33)
