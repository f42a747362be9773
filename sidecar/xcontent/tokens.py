"""JSON bytes to tokens with their places; duplicate keys, bad syntax and bad UTF-8 are refused.

Positions are counted as Elasticsearch counts them: lines and columns from 1, columns in bytes.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NoReturn

from sidecar.errors import XContentParseError

# Deeper bodies are refused; nothing that is configured comes near it.
MAX_DEPTH = 200
# Characters of one number, as Elasticsearch's reader limits them.
MAX_NUMBER_LENGTH = 1000

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"((?:[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*)"')
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(rb"[A-Za-z0-9_$.+-]+")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_EXPECTED = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class Token(StrEnum):
    """Kinds of tokens, named as Elasticsearch names them in its errors."""

    START_OBJECT = "START_OBJECT"
    END_OBJECT = "END_OBJECT"
    START_ARRAY = "START_ARRAY"
    END_ARRAY = "END_ARRAY"
    FIELD_NAME = "FIELD_NAME"
    VALUE_STRING = "VALUE_STRING"
    VALUE_NUMBER = "VALUE_NUMBER"
    VALUE_BOOLEAN = "VALUE_BOOLEAN"
    VALUE_NULL = "VALUE_NULL"


# (kind, value, offset in bytes). Numbers keep their text; field names and strings are str.
PlacedToken = tuple[Token, Any, int]

_LITERALS: dict[bytes, tuple[Token, Any]] = {
    b"true": (Token.VALUE_BOOLEAN, True),
    b"false": (Token.VALUE_BOOLEAN, False),
    b"null": (Token.VALUE_NULL, None),
}


def location(data: bytes, offset: int) -> tuple[int, int]:
    """Line and column (both from 1) of a byte."""
    line, start = 1, 0
    for end in _LINE_END.finditer(data, 0, offset):
        line, start = line + 1, end.end()
    return line, offset - start + 1


def tokens_of_json(data: bytes) -> Iterator[PlacedToken]:
    """Tokens of one JSON value; faults are raised when the reader comes to them.

    Raises XContentParseError with `[line:column]`. What follows the value is refused too.
    """
    yield from _Reader(data).tokens()


def tokens_of_value(value: Any) -> Iterator[PlacedToken]:
    """Tokens of an already decoded value (a stored document); they have no places."""
    if isinstance(value, dict):
        yield Token.START_OBJECT, None, -1
        for name, member in value.items():
            yield Token.FIELD_NAME, str(name), -1
            yield from tokens_of_value(member)
        yield Token.END_OBJECT, None, -1
    elif isinstance(value, list | tuple):
        yield Token.START_ARRAY, None, -1
        for item in value:
            yield from tokens_of_value(item)
        yield Token.END_ARRAY, None, -1
    elif value is None:
        yield Token.VALUE_NULL, None, -1
    elif isinstance(value, bool):
        yield Token.VALUE_BOOLEAN, value, -1
    elif isinstance(value, str):
        yield Token.VALUE_STRING, value, -1
    else:
        yield Token.VALUE_NUMBER, repr(value), -1


class _Reader:
    """The state of reading one document: where, and inside what."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = len(BOM_UTF8) if data.startswith(BOM_UTF8) else 0
        # Names seen in each open object, None for an open array; its start for the error text.
        self.open: list[tuple[set[str] | None, int]] = []
        # Nothing has been read yet of the innermost container.
        self.fresh = False

    def tokens(self) -> Iterator[PlacedToken]:
        """All tokens; after each value, what may follow depends on the innermost container."""
        yield from self._value()
        while self.open:
            names, _ = self.open[-1]
            first = self._next(None)
            if first == (b"}" if names is not None else b"]"):
                yield self._close(Token.END_OBJECT if names is not None else Token.END_ARRAY)
                continue
            if self.fresh:
                self.fresh = False
            else:
                self._comma(first, names)
            if names is None:
                yield from self._value()
            else:
                yield self._name(names)
                yield from self._value()
        self._skip_space()
        if self.at < len(self.data):
            self.fail("Unexpected content after the end of the JSON value", self.at)

    def fail(self, reason: str, offset: int) -> NoReturn:
        """Refuse the document."""
        line, column = location(self.data, offset)
        raise XContentParseError(f"[{line}:{column}] {reason}")

    def _skip_space(self) -> None:
        match = _SPACE.match(self.data, self.at)
        self.at = match.end() if match else self.at

    def _next(self, expected: str | None) -> bytes:
        """The next byte that is not white space, not yet consumed."""
        self._skip_space()
        if self.at >= len(self.data):
            if not self.open:
                self.fail(f"Unexpected end-of-input {expected or ''}".rstrip(), self.at)
            names, start = self.open[-1]
            line, column = location(self.data, start)
            kind = "Object" if names is not None else "Array"
            self.fail(
                f"Unexpected end-of-input: expected close marker for {kind} "
                f"(start marker at line: {line}, column: {column})",
                self.at,
            )
        return self.data[self.at : self.at + 1]

    def _unexpected(self, wanted: str) -> NoReturn:
        shown = self.data[self.at : self.at + 4].decode("utf-8", "replace")[:1]
        self.fail(f"Unexpected character ('{shown}' (code {ord(shown)})): {wanted}", self.at)

    def _comma(self, first: bytes, names: set[str] | None) -> None:
        if first != b",":
            kind = "Object" if names is not None else "Array"
            self._unexpected(f"was expecting comma to separate {kind} entries")
        self.at += 1

    def _name(self, names: set[str]) -> PlacedToken:
        if self._next(None) != b'"':
            self._unexpected("was expecting double-quote to start field name")
        start = self.at
        name = self._string()
        if name in names:
            self.fail(f"Duplicate field '{name}'", self.at)
        names.add(name)
        if self._next(None) != b":":
            self._unexpected("was expecting a colon to separate field name and value")
        self.at += 1
        return Token.FIELD_NAME, name, start

    def _close(self, token: Token) -> PlacedToken:
        start = self.at
        self.at += 1
        self.open.pop()
        self.fresh = False
        return token, None, start

    def _value(self) -> Iterator[PlacedToken]:
        first = self._next("while looking for a value")
        start = self.at
        if first in (b"{", b"["):
            if len(self.open) >= MAX_DEPTH:
                self.fail(
                    f"Document nesting depth ({MAX_DEPTH + 1}) exceeds the maximum allowed "
                    f"({MAX_DEPTH})",
                    start,
                )
            self.at += 1
            self.open.append((set() if first == b"{" else None, start))
            self.fresh = True
            yield (Token.START_OBJECT if first == b"{" else Token.START_ARRAY), None, start
        elif first == b'"':
            yield Token.VALUE_STRING, self._string(), start
        elif first in b"-0123456789":
            yield Token.VALUE_NUMBER, self._number(), start
        else:
            yield self._literal(start)

    def _literal(self, start: int) -> PlacedToken:
        word = _WORD.match(self.data, start)
        if word is None:
            self._unexpected(f"expected a valid value {_EXPECTED}")
        literal = _LITERALS.get(word[0])
        if literal is None:
            shown = word[0].decode()
            self.fail(f"Unrecognized token '{shown}': was expecting {_EXPECTED}", start)
        self.at = word.end()
        return (*literal, start)

    def _number(self) -> str:
        match = _NUMBER.match(self.data, self.at)
        follows = _WORD.match(self.data, match.end()) if match else None
        if match is None or follows is not None:
            word = _WORD.match(self.data, self.at)
            shown = word[0].decode() if word else "-"
            self.fail(f"Malformed numeric value ('{shown[:100]}')", self.at)
        length = match.end() - match.start()
        if length > MAX_NUMBER_LENGTH:
            self.fail(
                f"Number value length ({length}) exceeds the maximum allowed ({MAX_NUMBER_LENGTH})",
                self.at,
            )
        self.at = match.end()
        return match[0].decode()

    def _string(self) -> str:
        match = _STRING.match(self.data, self.at)
        if match is None:
            self._bad_string()
        raw = match[1]
        try:
            text: str = raw.decode() if b"\\" not in raw else json.loads(b'"' + raw + b'"')
        except UnicodeDecodeError as error:
            place = self.at + 1 + error.start
            self.fail(f"Invalid UTF-8 start byte 0x{self.data[place]:x}", place)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.fail("Incomplete surrogate pair in a string", self.at)
        self.at = match.end()
        return text

    def _bad_string(self) -> NoReturn:
        """Say what is wrong with a string that the pattern did not match."""
        at = self.at + 1
        while at < len(self.data) and self.data[at] != ord('"'):
            if self.data[at] < 0x20:
                self.fail(
                    f"Illegal unquoted character ((CTRL-CHAR, code {self.data[at]})): has to be "
                    "escaped using backslash to be included in string value",
                    at,
                )
            if self.data[at] == ord("\\"):
                if not _STRING.match(b'"' + self.data[at : at + 6][:2] + b'"') and not re.match(
                    rb"\\u[0-9A-Fa-f]{4}", self.data[at : at + 6]
                ):
                    self.fail("Unrecognized character escape", at)
                at += 1
            at += 1
        self.fail("Unexpected end-of-input in a string value", len(self.data))
