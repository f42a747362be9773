"""The form of a message: its tokens without what varies, written and hashed by kernels.

Tokens are runs of letters and digits with inner `_`, `.`, `-` and `@`; with `keep_paths` URLs
(without their query) and absolute paths are one token. Bytes from 0x80 on count as letters. A part
between such inner marks that is a number, a hexadecimal number or a random-looking mixture is
written as `#`, digits behind a word as one `#` (`node12` as `node#`), and tokens that begin with
such a part or consist of nothing else are left out: numbers, dates, addresses, UUIDs.
"""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import ByteArray, HashArray, IntArray
from sidecar.engine.kernel import kernel

# What a form is made of: the tokens of `ml_standard` or `ml_classic`, or the text as it is.
STANDARD_TOKENS = 0
CLASSIC_TOKENS = 1
TEXT = 2

SEPARATOR = 0
MASK = ord("#")

_OTHER, _LETTER, _DIGIT, _JOIN, _SLASH = range(5)
_IN_PATHS = b"~:%+=,\\"
# Marks between two parts of one token: `blk_-123` has two.
_MOST_JOINS = 2
# All-hexadecimal parts that are shorter are taken for words with a number: `ec2`, `db1`.
_LEAST_HEX = 4
_FNV_BASIS = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


def _classes() -> ByteArray:
    table = np.full(256, _OTHER, np.uint8)
    for byte in range(256):
        character = chr(byte)
        if byte >= 0x80 or character.isalpha():
            table[byte] = _LETTER
        elif character.isdigit():
            table[byte] = _DIGIT
        elif character in "_.-@":
            table[byte] = _JOIN
        elif character == "/":
            table[byte] = _SLASH
    return table


_CLASS = _classes()
_IS_HEX = np.array([chr(byte) in "0123456789abcdefABCDEF" for byte in range(256)])
_IS_PATH = np.array(
    [
        _CLASS[byte] in (_JOIN, _SLASH) or byte in _IN_PATHS or byte == ord("\\")
        for byte in range(256)
    ]
)
_COLON, _QUERY, _SPACE = ord(":"), ord("?"), ord(" ")
_SLASH_BYTE, _BACKSLASH, _DASH = ord("/"), ord("\\"), ord("-")
_CLOSING = np.array([chr(byte) in "\"'<>" or byte <= _SPACE for byte in range(256)])


@kernel
def _is_word(data: ByteArray, position: int, end: int) -> bool:
    """Whether a letter or a digit is at this place."""
    return position < end and (
        _CLASS[data[position]] == _LETTER or _CLASS[data[position]] == _DIGIT
    )


@kernel
def _write_part(
    data: ByteArray, begin: int, end: int, follows_mask: bool, out: ByteArray, written: int
) -> tuple[int, bool]:
    """Write letters and digits [begin, end), masked; new length, and whether all was masked."""
    digits, runs = 0, 0
    all_hex = True
    for k in range(begin, end):
        all_hex &= _IS_HEX[data[k]]
        if _CLASS[data[k]] == _DIGIT:
            digits += 1
            if k == begin or _CLASS[data[k - 1]] != _DIGIT:
                runs += 1
    if digits == 0:
        masked = follows_mask and all_hex
    else:
        masked = (
            _CLASS[data[begin]] == _DIGIT or runs > 1 or (all_hex and end - begin >= _LEAST_HEX)
        )
    if masked:
        out[written] = MASK
        return written + 1, True
    for k in range(begin, end):
        if _CLASS[data[k]] != _DIGIT:
            out[written] = data[k]
            written += 1
        elif _CLASS[data[k - 1]] != _DIGIT:
            out[written] = MASK
            written += 1
    return written, False


@kernel
def _copy(data: ByteArray, begin: int, end: int, out: ByteArray, written: int) -> int:
    for k in range(begin, end):
        out[written] = data[k]
        written += 1
    return written


@kernel
def _path_begins(data: ByteArray, position: int, end: int, parts: int, length: int) -> int:
    r"""Bytes that make a path of a first word: `://` behind a scheme, `:\` behind a drive."""
    if parts != 1 or position + 3 > end or data[position] != _COLON:
        return 0
    if data[position + 1] == _SLASH_BYTE and data[position + 2] == _SLASH_BYTE:
        return 3
    drive = data[position + 1] == _BACKSLASH or data[position + 1] == _SLASH_BYTE
    return 2 if length == 1 and drive and _is_word(data, position + 2, end) else 0


@kernel
def _write_token(
    data: ByteArray, position: int, end: int, keep_paths: bool, out: ByteArray, written: int
) -> tuple[int, int]:
    """Write the token at `position` if it is to be kept; where it ended, new length."""
    start = written
    path = _CLASS[data[position]] == _SLASH
    named, begins_masked, masked = False, False, False
    joined_by = -1
    parts = 0
    if path:
        begin = position
        while not _is_word(data, position, end):
            position += 1
        written = _copy(data, begin, position, out, written)
    while True:
        begin = position
        while _is_word(data, position, end):
            position += 1
        follows_mask = masked and joined_by in (_DASH, _COLON)
        written, masked = _write_part(data, begin, position, follows_mask, out, written)
        named |= not masked
        begins_masked |= masked and parts == 0
        parts += 1
        stop = position
        if keep_paths and not path:
            opening = _path_begins(data, position, end, parts, position - begin)
            if opening:
                path = True
                stop += opening
        if path:
            while stop < end and _IS_PATH[data[stop]]:
                stop += 1
        else:
            while stop < end and _CLASS[data[stop]] == _JOIN and stop - position < _MOST_JOINS:
                stop += 1
        if stop == position or not _is_word(data, stop, end):
            break
        joined_by = data[position]
        written = _copy(data, position, stop, out, written)
        position = stop
    if path and stop < end and data[stop] == _QUERY:
        position = stop
        while position < end and not _CLOSING[data[position]]:
            position += 1
    if not named or (begins_masked and not path):
        return position, start
    out[written] = SEPARATOR
    return position, written + 1


@kernel
def _is_path(data: ByteArray, begin: int, position: int, end: int) -> bool:
    """Whether a path begins here: a slash that does not follow a word, but has one behind it."""
    if _CLASS[data[position]] != _SLASH or (position > begin and _is_word(data, position - 1, end)):
        return False
    following = position + 1
    if following < end and _CLASS[data[following]] == _JOIN:
        following += 1
    return _is_word(data, following, end)


@kernel
def first_line_with_letters(data: ByteArray, begin: int, end: int) -> tuple[int, int]:
    """Limits of the first line that has a letter; an empty range if there is none."""
    has_letter = False
    for k in range(begin, end):
        if data[k] == 10:
            if has_letter:
                return begin, k
            begin = k + 1
        elif _CLASS[data[k]] == _LETTER:
            has_letter = True
    return (begin, end) if has_letter else (end, end)


@kernel
def write_form(
    data: ByteArray, begin: int, end: int, mode: int, first_line: bool, out: ByteArray
) -> int:
    """Write the form of the message `data[begin:end]`.

    Parameters
    ----------
    mode : int
        `STANDARD_TOKENS` and so on.
    first_line : bool
        Only the first line with letters counts.
    out : (at least end - begin + 2,) uint8
        Gets the form; tokens end with `SEPARATOR`.

    Returns
    -------
    Length of the form.
    """
    if first_line:
        begin, end = first_line_with_letters(data, begin, end)
    if mode == TEXT:
        return _copy(data, begin, end, out, 0)
    keep_paths = mode == STANDARD_TOKENS
    written = 0
    position = begin
    while position < end:
        if _is_word(data, position, end) or (keep_paths and _is_path(data, begin, position, end)):
            position, written = _write_token(data, position, end, keep_paths, out, written)
        else:
            position += 1
    return written


@kernel
def hash_bytes(data: ByteArray, begin: int, end: int) -> np.uint64:
    """64-bit FNV-1a hash of some bytes [1]_.

    References
    ----------
    .. [1] Fowler, Noll, Vo; RFC 9923.
    """
    value = _FNV_BASIS
    for k in range(begin, end):
        value = (value ^ np.uint64(data[k])) * _FNV_PRIME
    return value


@kernel
def mixed(value: np.uint64, number: int) -> np.uint64:
    """A hash and a number as one hash."""
    value = (value ^ (np.uint64(number) * _MIX)) * _FNV_PRIME
    value = (value ^ (value >> _SHIFT)) * _MIX
    return value ^ (value >> _SHIFT)


@kernel
def hash_forms(
    data: ByteArray,
    start: IntArray,
    end: IntArray,
    mode: int,
    first_line: bool,
    scratch: ByteArray,
    out: HashArray,
) -> None:
    """Hash of the form of each message `data[start[i]:end[i]]`; `scratch` holds the longest."""
    for i in range(len(start)):
        length = write_form(data, start[i], end[i], mode, first_line, scratch)
        out[i] = hash_bytes(scratch, 0, length)
