"""Declarative parsers of objects: a table of fields, read strictly or leniently.

Errors carry the parser's name and the position, and nest as those of Elasticsearch do: the
error of an inner value is the cause of `failed to parse field [outer]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sidecar.errors import IllegalArgumentError, MlError, XContentParseError
from sidecar.xcontent.cursor import Cursor
from sidecar.xcontent.tokens import Token
from sidecar.xcontent.value_types import ValueType

T = TypeVar("T")

_PLACE = re.compile(r"\[-?\d+:-?\d+\] ")
# Names at least this alike are proposed for an unknown one.
_LIKENESS = 0.5


@dataclass(frozen=True, slots=True)
class Field:
    """One row of a parser's table.

    Attributes
    ----------
    name : str
        As it stands in the body; also the key of what `build` gets.
    type : ValueType
        Tokens accepted and how they are read.
    convert : callable, optional
        From what was read to the value kept; raises MlError.
    aliases : sequence of str
        Other names of the same field.
    argument : bool
        The object cannot be made without it, or before it: values of plain fields that come
        earlier are converted once all arguments have been read.
    required : bool
        An argument that has to be there.
    """

    name: str
    type: ValueType
    convert: Callable[[Any], Any] | None = None
    aliases: Sequence[str] = ()
    argument: bool = False
    required: bool = False


class ObjectParser(Generic[T]):
    """Reads one kind of object.

    Parameters
    ----------
    name : str
        Stands in errors: `[name] unknown field [x]`.
    fields : sequence of Field
        Every field that may occur.
    build : callable
        From the values read, by field name, to the result; may raise MlError.
    check : callable, optional
        Checks the arguments as soon as all have been read; may raise MlError, which is then
        wrapped as a failure to build the object.
    """

    def __init__(
        self,
        name: str,
        fields: Sequence[Field],
        build: Callable[[dict[str, Any]], T],
        *,
        check: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.name = name
        self._fields = {known: field for field in fields for known in (field.name, *field.aliases)}
        self._arguments = [field for field in fields if field.argument or field.required]
        self._build = build
        self._check = check

    def parse(self, body: bytes, *, strict: bool = True) -> T:
        """Parse a request body.

        Raises ParseError when it is empty, XContentParseError when it is not of this form.
        """
        return self._whole(Cursor.of_json(body), strict=strict)

    def parse_document(self, document: Mapping[str, Any], *, strict: bool = False) -> T:
        """Parse an already decoded document, by default leniently: unknown fields are ignored."""
        return self._whole(Cursor.of_document(document), strict=strict)

    def _whole(self, cursor: Cursor, *, strict: bool) -> T:
        result = self.read(cursor, strict=strict)
        # Trailing content is an error of the reader.
        cursor.advance()
        return result

    def read(self, cursor: Cursor, *, strict: bool) -> T:
        """Read the object at (or next on) the cursor; ends on its END_OBJECT."""
        if cursor.token is None:
            cursor.advance()
        if cursor.token is not Token.START_OBJECT:
            raise cursor.error(
                f"[{self.name}] Expected START_OBJECT but was: {cursor.token or 'null'}"
            )
        collected = _Collected(self.name, self._arguments, self._check)
        while cursor.advance() is not Token.END_OBJECT:
            name, offset = cursor.value, cursor.offset
            cursor.advance()
            field = self._fields.get(name)
            if field is None:
                if strict:
                    reason = f"[{self.name}] unknown field [{name}]{self._proposal(name)}"
                    raise cursor.error(reason, offset=offset)
                cursor.skip_children()
                continue
            if cursor.token not in field.type.tokens:
                raise cursor.error(
                    f"[{self.name}] {name} doesn't support values of type: {cursor.token}"
                )
            try:
                collected.put(field, field.type.read(cursor, strict), cursor)
            except MlError as error:
                reason = f"[{self.name}] failed to parse field [{name}]"
                raise cursor.error(reason, cause=error) from error
        collected.finish()
        return self._build(collected.values)

    def _proposal(self, unknown: str) -> str:
        return did_you_mean(unknown, self._fields)


class _Collected:
    """Values read so far; arguments first, as the class says."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[Field],
        check: Callable[[Mapping[str, Any]], None] | None,
    ) -> None:
        self.values: dict[str, Any] = {}
        self._name = name
        self._missing = {field.name: field for field in arguments}
        self._check = check
        self._made = not arguments
        self._waiting: list[tuple[Field, Any, int, Cursor]] = []

    def put(self, field: Field, value: Any, cursor: Cursor) -> None:
        if field.argument or field.required:
            self.values[field.name] = value if field.convert is None else field.convert(value)
            self._missing.pop(field.name, None)
            if not self._missing and not self._made:
                self._make()
        elif self._made:
            self.values[field.name] = value if field.convert is None else field.convert(value)
        else:
            self._waiting.append((field, value, cursor.offset, cursor))

    def finish(self) -> None:
        if self._made:
            return
        required = [name for name, field in self._missing.items() if field.required]
        if required:
            raise IllegalArgumentError(f"Required [{', '.join(required)}]")
        self._make()

    def _make(self) -> None:
        """The arguments are complete: check them, then convert what had to wait, last first."""
        self._made = True
        try:
            if self._check is not None:
                self._check(self.values)
            while self._waiting:
                self._settle(*self._waiting.pop())
        except XContentParseError as error:
            place = _PLACE.match(error.reason)
            raise XContentParseError(
                f"{place[0] if place else ''}failed to build [{self._name}] "
                "after last required field arrived",
                cause=error,
            ) from error
        except MlError as error:
            raise XContentParseError(
                f"Failed to build [{self._name}] after last required field arrived", cause=error
            ) from error

    def _settle(self, field: Field, value: Any, offset: int, cursor: Cursor) -> None:
        try:
            self.values[field.name] = value if field.convert is None else field.convert(value)
        except MlError as error:
            reason = f"[{self._name}] failed to parse field [{field.name}]"
            raise cursor.error(reason, offset=offset, cause=error) from error


def did_you_mean(unknown: str, candidates: Mapping[str, Any] | Sequence[str]) -> str:
    """The end of an error about an unknown name: ` did you mean [x]?`, or nothing."""
    if len(unknown) > _LONGEST_GUESS:
        return ""
    scored = [(_likeness(unknown, candidate), candidate) for candidate in candidates]
    best = sorted((-score, name) for score, name in scored if score > _LIKENESS)
    if not best:
        return ""
    names = [name for _, name in best]
    if len(names) == 1:
        return f" did you mean [{names[0]}]?"
    return f" did you mean any of [{', '.join(names)}]?"


# The distance takes quadratic time, and no field has a name near as long.
_LONGEST_GUESS = 200


def _likeness(one: str, other: str) -> float:
    """1 minus Levenshtein distance over the longer length."""
    if not one or not other:
        return float(one == other)
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, start=1):
        current = [row]
        for column, right in enumerate(other, start=1):
            substituted = previous[column - 1] + (left != right)
            current.append(min(previous[column] + 1, current[-1] + 1, substituted))
        previous = current
    return 1.0 - previous[-1] / max(len(one), len(other))
