"""What kinds of values a field takes, and how they are read.

The kinds are those of Elasticsearch's parsers, with the same leniency: a number may be given as
a string, a boolean as `"true"`, a list of strings as a single one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from sidecar import messages
from sidecar.errors import IllegalArgumentError
from sidecar.xcontent.cursor import Cursor
from sidecar.xcontent.tokens import Token

_RANGES = {"long": 2**63, "int": 2**31}


@dataclass(frozen=True, slots=True)
class ValueType:
    """Tokens a value may start with, and how it is read from there.

    `read` takes the cursor and whether unknown fields are refused further down.
    """

    tokens: frozenset[Token]
    read: Callable[[Cursor, bool], Any]


class ReadsObjects(Protocol):
    """What `object_of` and `array_of` need of a parser."""

    def read(self, cursor: Cursor, *, strict: bool) -> Any:
        """Read the object at the cursor."""


def parse_boolean(text: str) -> bool:
    """`true` or `false`, nothing else; raises IllegalArgumentError."""
    if text not in ("true", "false"):
        raise IllegalArgumentError(messages.invalid_boolean(text))
    return text == "true"


def parse_double(text: str) -> float:
    """A finite number; raises IllegalArgumentError."""
    try:
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise IllegalArgumentError(messages.invalid_number(text))
    return number


def _whole(cursor: Cursor, kind: str) -> int:
    """A whole number; fractions are cut off, as Elasticsearch does."""
    text = cursor.text()
    quoted = cursor.token is Token.VALUE_STRING
    try:
        number = Decimal("nan" if "_" in text else text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise IllegalArgumentError(messages.invalid_number(text))
    # Far beyond any range, and too slow to write out as an integer.
    huge = number.adjusted() > len(str(2**63))
    if huge or not -_RANGES[kind] <= int(number) < _RANGES[kind]:
        if quoted:
            raise IllegalArgumentError(messages.text_out_of_range(text, kind))
        raise cursor.error(messages.number_out_of_range(text, kind))
    return int(number)


def _boolean(cursor: Cursor, _strict: bool) -> bool:
    return parse_boolean(cursor.text())


def _text(cursor: Cursor, _strict: bool) -> str:
    return cursor.text()


def _text_or_null(cursor: Cursor, _strict: bool) -> str | None:
    return None if cursor.token is Token.VALUE_NULL else cursor.text()


def _items(cursor: Cursor, item: Callable[[Cursor], Any]) -> list[Any]:
    """The items of an array, or of a value that stands for an array of one."""
    if cursor.token is not Token.START_ARRAY:
        return [item(cursor)]
    items = []
    while (token := cursor.advance()) is not Token.END_ARRAY:
        if token is Token.START_ARRAY:
            raise IllegalArgumentError(f"expected value but got [{token}]")
        items.append(item(cursor))
    return items


def _kind(*tokens: Token, read: Callable[[Cursor, bool], Any]) -> ValueType:
    return ValueType(frozenset(tokens), read)


STRING = _kind(Token.VALUE_STRING, read=_text)
STRING_OR_NULL = _kind(Token.VALUE_STRING, Token.VALUE_NULL, read=_text_or_null)
# Of a string, number or boolean: its text.
TEXT = _kind(Token.VALUE_STRING, Token.VALUE_NUMBER, Token.VALUE_BOOLEAN, read=_text)
LONG = _kind(Token.VALUE_NUMBER, Token.VALUE_STRING, read=lambda cursor, _: _whole(cursor, "long"))
INT = _kind(Token.VALUE_NUMBER, Token.VALUE_STRING, read=lambda cursor, _: _whole(cursor, "int"))
DOUBLE = _kind(
    Token.VALUE_NUMBER, Token.VALUE_STRING, read=lambda cursor, _: parse_double(cursor.text())
)
BOOLEAN = _kind(Token.VALUE_BOOLEAN, Token.VALUE_STRING, read=_boolean)
STRING_ARRAY = _kind(
    Token.START_ARRAY,
    Token.VALUE_STRING,
    read=lambda cursor, _: _items(cursor, Cursor.text),
)
# An object that is kept as it is.
MAP = _kind(Token.START_OBJECT, read=lambda cursor, _: cursor.plain())
ANYTHING = _kind(*Token, read=lambda cursor, _: cursor.plain())
# Epoch milliseconds as a number, or the text of a date.
TIME = _kind(
    Token.VALUE_NUMBER,
    Token.VALUE_STRING,
    read=lambda cursor, _: (
        _whole(cursor, "long") if cursor.token is Token.VALUE_NUMBER else cursor.text()
    ),
)


def object_of(parser: ReadsObjects) -> ValueType:
    """An object with a form of its own."""
    return _kind(Token.START_OBJECT, read=lambda cursor, strict: parser.read(cursor, strict=strict))


def array_of(parser: ReadsObjects) -> ValueType:
    """An array of such objects, or a single one."""
    return _kind(
        Token.START_OBJECT,
        Token.START_ARRAY,
        read=lambda cursor, strict: _items(cursor, lambda item: parser.read(item, strict=strict)),
    )
