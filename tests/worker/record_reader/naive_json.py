"""A strict and slow JSON reader for bodies of records, by recursive descent."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_ERRORS = 100
MAX_DEPTH = 1000
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Raw(str):
    """The text of a number, word or null as it is written."""


class Pairs(list[tuple[str, Any]]):
    """An object with all its members."""


def text_of(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(scalars(value))
    return "" if value == "null" and isinstance(value, Raw) else str(value)


def scalars(values: list[Any]) -> list[str]:
    texts = []
    for value in values:
        if isinstance(value, Pairs):
            continue
        if isinstance(value, list):
            texts += scalars(value)
        else:
            texts.append(text_of(value))
    return texts


def leaves(record: Pairs, prefix: str = "") -> list[tuple[str, str]]:
    found = []
    for key, value in record:
        if isinstance(value, Pairs):
            found += leaves(value, f"{prefix}{key}.")
        else:
            found.append((prefix + key, text_of(value)))
    return found


class FaultError(Exception):
    def __init__(self, at: int, depth: int, in_string: bool) -> None:
        self.at, self.depth, self.in_string = at, depth, in_string


class Parser:
    """A strict parser of one object, recursive descent over tokens."""

    def __init__(self, body: bytes, pos: int, end: int) -> None:
        self.body, self.pos, self.end, self.depth = body, pos, end, 0

    def space(self) -> None:
        while self.pos < self.end and self.body[self.pos] in b" \t\r\n":
            self.pos += 1
        if self.pos >= self.end:
            raise EOFError

    def fault(self, at: int, in_string: bool = False) -> FaultError:
        return FaultError(at, self.depth, in_string)

    def string(self) -> str:
        start = self.pos = self.pos + 1
        while True:
            if self.pos >= self.end:
                raise EOFError
            byte = self.body[self.pos]
            if byte == ord('"'):
                self.pos += 1
                text = json.loads(b'"' + self.body[start : self.pos - 1] + b'"')
                return LONE_SURROGATE.sub("\ufffd", text)
            if byte < 0x20:
                raise self.fault(self.pos, True)
            if byte == ord("\\"):
                escape = self.body[self.pos + 1 : min(self.pos + 6, self.end)]
                if not escape:
                    raise EOFError
                if escape[0] in b'"\\/bfnrt':
                    self.pos += 2
                    continue
                if escape[0] != ord("u") or re.search(rb"[^0-9a-fA-F]", escape[1:]):
                    raise self.fault(self.pos, True)
                if len(escape) < 5:
                    raise EOFError
                self.pos += 6
            elif byte < 0x80:
                self.pos += 1
            else:
                self.multibyte()

    def multibyte(self) -> None:
        length = 1 if self.body[self.pos] < 0xE0 else 2 if self.body[self.pos] < 0xF0 else 3
        char = self.body[self.pos : min(self.pos + 1 + length, self.end)]
        try:
            char.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and len(char) <= length:
                raise EOFError from None
            raise self.fault(self.pos, True) from None
        self.pos += len(char)

    def scalar(self) -> Raw:
        rest = self.body[self.pos : self.end]
        if rest[:1] in b"-0123456789" and rest[:2] != b"-I":
            match = re.match(rb"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", rest)
            unfinished = re.fullmatch(rb"-|-?(0|[1-9]\d*)(\.|(\.\d+)?[eE][+-]?)", rest)
            if unfinished or (match and match.end() == len(rest)):
                raise EOFError
            after = rest[match.end() :] if match else b"?"
            cut_short = match and (
                (after[:1] == b"." and not match[2] and not match[3])
                or (after[:1] in (b"e", b"E") and not match[3])
            )
            if not match or cut_short:
                raise self.fault(self.pos)
            self.pos += match.end()
            return Raw(match[0].decode())
        for word in (b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity"):
            if rest.startswith(word):
                self.pos += len(word)
                return Raw(word.decode())
            if word.startswith(rest):
                raise EOFError
        raise self.fault(self.pos)

    def value(self) -> Any:
        self.space()
        byte = self.body[self.pos]
        if byte == ord('"'):
            return self.string()
        if byte in b"{[" and self.depth == MAX_DEPTH:
            raise self.fault(self.pos)
        if byte == ord("{"):
            return self.object()
        if byte == ord("["):
            return self.array()
        return self.scalar()

    def more(self, close: int) -> bool:
        self.space()
        if self.body[self.pos] == close:
            self.pos += 1
            self.depth -= 1
            return False
        if self.body[self.pos] != ord(","):
            raise self.fault(self.pos)
        self.pos += 1
        return True

    def opened(self, close: int) -> bool:
        """Step inside; False if there is nothing inside."""
        self.depth += 1
        self.pos += 1
        self.space()
        if self.body[self.pos] == close:
            self.pos += 1
            self.depth -= 1
            return False
        return True

    def object(self) -> Pairs:
        pairs = Pairs()
        if not self.opened(ord("}")):
            return pairs
        while True:
            self.space()
            if self.body[self.pos] != ord('"'):
                raise self.fault(self.pos)
            key = self.string()
            self.space()
            if self.body[self.pos] != ord(":"):
                raise self.fault(self.pos)
            self.pos += 1
            pairs.append((key, self.value()))
            if not self.more(ord("}")):
                return pairs

    def array(self) -> list[Any]:
        values: list[Any] = []
        if not self.opened(ord("]")):
            return values
        while True:
            values.append(self.value())
            if not self.more(ord("]")):
                return values


def skip(body: bytes, at: int, depth: int, in_string: bool) -> int:
    """Where reading goes on behind a fault."""
    while at < len(body):
        char = body[at : at + 1]
        if in_string:
            if char == b"\\" and body[at + 1 : at + 2] not in (b"\n", b"\r"):
                at += 1
            elif char in (b'"', b"\n", b"\r"):
                in_string = False
        elif char == b'"':
            in_string = True
        elif char == b"{" and body[at - 1 : at] == b"\n":
            return at
        elif char in (b"{", b"["):
            depth += 1
        elif char in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return len(body)


def split(body: bytes) -> tuple[list[Pairs], list[int], int]:
    """Records, offsets of errors, and how many bytes were looked at."""
    pos = 3 if body.startswith(b"\xef\xbb\xbf") else 0
    records: list[Pairs] = []
    errors: list[int] = []
    any_object = False
    while pos < len(body) and len(errors) < MAX_ERRORS:
        if body[pos] in b" \t\r\n,[]":
            pos += 1
        elif body[pos] != ord("{"):
            errors.append(pos)
            found = body.find(b"{", pos)
            pos = found if found >= 0 else len(body)
        else:
            any_object = True
            parser = Parser(body, pos, len(body))
            try:
                records.append(parser.object())
                pos = parser.pos
            except EOFError:
                errors.append(parser.end)
                pos = len(body)
            except FaultError as fault:
                errors.append(fault.at)
                pos = skip(body, fault.at, fault.depth, fault.in_string)
    looked = min(len(body), errors[-1] + 1) if len(errors) >= MAX_ERRORS else len(body)
    failed = len(errors) >= MAX_ERRORS or bool(errors and not any_object)
    return records, errors if failed else [], looked
