"""A place in a stream of tokens: what the parsers walk along."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, Self

from sidecar import messages
from sidecar.errors import IllegalArgumentError, MlError, ParseError, XContentParseError
from sidecar.xcontent.tokens import (
    PlacedToken,
    Token,
    location,
    tokens_of_json,
    tokens_of_value,
)

_SCALARS = frozenset((Token.VALUE_STRING, Token.VALUE_NUMBER, Token.VALUE_BOOLEAN))
_OPENING = frozenset((Token.START_OBJECT, Token.START_ARRAY))
_CLOSING = frozenset((Token.END_OBJECT, Token.END_ARRAY))
# The largest whole number that every reader of a stored document can hold.
_MAX_WHOLE = 2**63 - 1


class Cursor:
    """The current token and its place; `advance` goes on to the next.

    Attributes
    ----------
    token : Token or None
        None before the first and after the last token.
    value : str, bool or None
        Of a field name or string its text, of a number its text, of a boolean itself.
    offset : int
        Where the token starts, in bytes.
    """

    __slots__ = ("_data", "_tokens", "offset", "token", "value")

    def __init__(self, tokens: Iterator[PlacedToken], data: bytes | None) -> None:
        self._tokens = tokens
        self._data = data
        self.offset = 0
        self.token: Token | None = None
        self.value: Any = None

    @classmethod
    def of_json(cls, body: bytes) -> Self:
        """Over a request body; raises ParseError when there is none."""
        if not body.strip():
            raise ParseError(messages.body_required())
        return cls(tokens_of_json(body), body)

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """Over a stored document; errors have no position."""
        return cls(tokens_of_value(dict(document)), None)

    def advance(self) -> Token | None:
        """Go to the next token; None at the end. Raises XContentParseError on bad JSON."""
        self.token, self.value, self.offset = next(self._tokens, (None, None, self.offset))
        return self.token

    def place(self, offset: int | None = None) -> tuple[int, int]:
        """Line and column of a byte, else of the token; (-1, -1) where they are not known."""
        if self._data is None:
            return -1, -1
        return location(self._data, self.offset if offset is None else offset)

    def error(
        self, reason: str, *, offset: int | None = None, cause: MlError | None = None
    ) -> XContentParseError:
        """An error at the current token, or at `offset`."""
        line, column = self.place(offset)
        return XContentParseError(f"[{line}:{column}] {reason}", cause=cause)

    def text(self) -> str:
        """The text of a string, number or boolean; other tokens are refused."""
        if self.token not in _SCALARS:
            self._no_text()
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return str(self.value)

    def _no_text(self) -> NoReturn:
        line, column = self.place()
        raise IllegalArgumentError(f"Can't get text on a {self.token} at {line}:{column}")

    def skip_children(self) -> None:
        """Pass over an object or array; ends on its closing token."""
        depth = 1 if self.token in _OPENING else 0
        while depth:
            self.advance()
            if self.token in _OPENING:
                depth += 1
            elif self.token in _CLOSING:
                depth -= 1

    def plain(self) -> Any:
        """The value at the current token as dict, list, str, int, float, bool or None."""
        if self.token not in _OPENING:
            return self._scalar()
        root: dict[str, Any] | list[Any] = {} if self.token is Token.START_OBJECT else []
        stack = [root]
        name = ""
        names: list[str] = []
        while stack:
            token = self.advance()
            if token in _CLOSING:
                stack.pop()
                name = names.pop() if names else ""
                continue
            if token is Token.FIELD_NAME:
                name = self.value
                continue
            opened: dict[str, Any] | list[Any] | None = None
            if token in _OPENING:
                opened = {} if token is Token.START_OBJECT else []
            value = self._scalar() if opened is None else opened
            container = stack[-1]
            if isinstance(container, dict):
                container[name] = value
            else:
                container.append(value)
            if opened is not None:
                stack.append(opened)
                names.append(name)
        return root

    def _scalar(self) -> Any:
        if self.token is not Token.VALUE_NUMBER:
            return self.value
        if self.value.lstrip("-").isdigit():
            whole = int(self.value)
            if abs(whole) <= _MAX_WHOLE:
                return whole
        number = float(self.value)
        if not math.isfinite(number):
            raise self.error(f"Number value [{self.value[:40]}] is out of range")
        return number
