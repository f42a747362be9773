"""Java's regular expressions, as far as Python's say the same."""

from __future__ import annotations

import re
from functools import lru_cache

# Contents of a character class by the name that `\p{...}` knows it by; ASCII, as Java's are.
_PROPERTIES = {
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Upper": "A-Z",
    "Lower": "a-z",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r" \t\n\r\f\v",
    "Blank": r" \t",
    "XDigit": "0-9a-fA-F",
    "Cntrl": r"\x00-\x1f\x7f",
    "Graph": "!-~",
    "Print": " -~",
    "ASCII": r"\x00-\x7f",
}
# Escapes that Python lacks: outside of a character class, and inside.
_ESCAPES = {
    "h": (r"[ \t\xa0]", r" \t\xa0"),
    "R": (r"(?:\r\n|[\n\x0b\f\r\x85\u2028\u2029])", None),
    "z": (r"\Z", None),
    "Z": (r"(?=\n?\Z)", None),
    "e": (r"\x1b", r"\x1b"),
}
_UNSUPPORTED = frozenset("HVXGNEpPkc")
_FLAGS = {
    "CASE_INSENSITIVE": re.IGNORECASE,
    "COMMENTS": re.VERBOSE,
    "DOTALL": re.DOTALL,
    "MULTILINE": re.MULTILINE,
}
_CACHED = 1024


@lru_cache(maxsize=_CACHED)
def compile_java_regex(expression: str, flags: str = "") -> re.Pattern[str]:
    r"""Compile a Java regular expression.

    Parameters
    ----------
    expression : str
        In Java's syntax; `\d`, `\w` and ignoring case are about ASCII, as they are there.
    flags : str
        Names of `java.util.regex.Pattern`'s flags, joined by `|`.

    Raises
    ------
    ValueError
        When it is malformed or uses what Python's expressions cannot say.
    """
    options = re.ASCII
    for name in filter(None, flags.split("|")):
        if name not in _FLAGS:
            raise ValueError(f"flag [{name}] is not supported")
        options |= _FLAGS[name]
    try:
        return re.compile(_Translation(expression).text, options)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from error


def python_replacement(replacement: str) -> str:
    r"""A Java replacement (`$1`, `${name}`, `\$`) as `re.sub` takes it."""
    pieces = re.split(r"(\\.|\$\d|\$\{\w+\})", replacement)
    for i in range(1, len(pieces), 2):
        piece = pieces[i]
        pieces[i] = _literal(piece[1]) if piece[0] == "\\" else rf"\g<{piece[1:].strip('{}')}>"
    return "".join(pieces)


def _literal(character: str) -> str:
    return r"\\" if character == "\\" else character


class _Translation:
    """Walks through an expression once; `text` is what Python makes of it."""

    def __init__(self, expression: str) -> None:
        self._rest = expression
        self._in_class = False
        self.text = ""
        while self._rest:
            self.text += self._next()

    def _take(self, count: int) -> str:
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def _next(self) -> str:
        if self._rest.startswith("\\"):
            return self._escape()
        if self._in_class:
            return self._class_member()
        if named := re.match(r"\(\?<([A-Za-z]\w*)>", self._rest):
            self._take(named.end())
            return f"(?P<{named[1]}>"
        if self._rest.startswith("["):
            self._in_class = True
            opening = re.match(r"\[\^?\]?", self._rest)
            return self._take(opening.end() if opening else 1)
        return self._take(1)

    def _class_member(self) -> str:
        if self._rest.startswith("[") or self._rest.startswith("&&"):
            raise ValueError("classes inside of character classes are not supported")
        character = self._take(1)
        self._in_class = character != "]"
        return character

    def _escape(self) -> str:
        if self._rest.startswith("\\Q"):
            quoted, _, self._rest = self._rest[2:].partition("\\E")
            return re.escape(quoted)
        if found := re.match(r"\\([pP])\{(?:Is)?(\w+)\}", self._rest):
            return self._property(found)
        if found := re.match(r"\\x\{([0-9A-Fa-f]{1,6})\}", self._rest):
            self._take(found.end())
            return re.escape(chr(int(found[1], 16)))
        if found := re.match(r"\\k<([A-Za-z]\w*)>", self._rest):
            self._take(found.end())
            return f"(?P={found[1]})"
        escape = self._take(2)
        if len(escape) == 1:
            raise ValueError("it ends with a single backslash")
        translated = _ESCAPES.get(escape[1])
        if translated is not None:
            escape_text = translated[1] if self._in_class else translated[0]
            if escape_text is None:
                raise ValueError(f"[{escape}] is not supported in a character class")
            return escape_text
        if escape[1] in _UNSUPPORTED:
            raise ValueError(f"[{escape}] is not supported")
        return escape

    def _property(self, found: re.Match[str]) -> str:
        content = _PROPERTIES.get(found[2])
        negated = found[1] == "P"
        if content is None or (negated and self._in_class):
            raise ValueError(f"[{found[0]}] is not supported")
        self._take(found.end())
        if self._in_class:
            return content
        return f"[^{content}]" if negated else f"[{content}]"
