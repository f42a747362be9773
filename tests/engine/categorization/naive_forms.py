"""The form of a message, slowly: what `write_form` does with strings and regular expressions."""

from __future__ import annotations

import re

_WORD = "[A-Za-z0-9\x80-\xff]"
_PART = re.compile(f"{_WORD}+")
_INNER = re.compile(rf"[_.\-@]{{1,2}}(?={_WORD})")
_IN_PATH = re.compile(rf"[_.\-@/~:%+=,\\]+(?={_WORD})")
_TOKEN = re.compile(rf"{_WORD}|(?<!{_WORD})/(?=[_.\-@]?{_WORD})")
_CLASSIC_TOKEN = re.compile(_WORD)


def _masked(part: str, behind: str) -> str:
    is_hex = re.fullmatch("[0-9a-fA-F]+", part) is not None
    runs = len(re.findall("[0-9]+", part))
    if runs == 0:
        return "#" if behind in ("#-", "#:") and is_hex else part
    if part[0] in "0123456789" or runs > 1 or (is_hex and len(part) >= 4):
        return "#"
    return re.sub("[0-9]+", "#", part)


def naive_tokens(message: bytes, *, keep_paths: bool, first_line: bool) -> list[bytes]:
    """Tokens of a message; bytes are looked at as Latin-1 characters."""
    text = message.decode("latin-1")
    if first_line:
        lines = (line for line in text.split("\n") if re.search("[A-Za-z\x80-\xff]", line))
        text = next(lines, "")
    tokens = []
    position = 0
    starts = _TOKEN if keep_paths else _CLASSIC_TOKEN
    while found := starts.search(text, position):
        token, position = _token(text, found.start(), keep_paths=keep_paths)
        if token:
            tokens.append(token.encode("latin-1"))
    return tokens


def _token(text: str, position: int, *, keep_paths: bool) -> tuple[str, int]:
    parts: list[str] = []
    path = text[position] == "/"
    token = ""
    if path:
        opening = re.compile(r"/[_.\-@]?").match(text, position)
        assert opening is not None
        token, position = opening[0], opening.end()
    behind = ""
    while found := _PART.match(text, position):
        parts.append(_masked(found[0], behind))
        token += parts[-1]
        position = found.end()
        if keep_paths and not path and len(parts) == 1:
            drive = rf":[/\\](?={_WORD})" if len(found[0]) == 1 else "(?!)"
            path = re.compile(f"://|{drive}").match(text, position) is not None
        between = (_IN_PATH if path else _INNER).match(text, position)
        if between is None:
            break
        behind = ("#" if parts[-1] == "#" else "") + between[0][0]
        token += between[0]
        position = between.end()
    if path:
        query = re.compile(r"[_.\-@/~:%+=,\\]*(\?[^\x00-\x20\"'<>]*)").match(text, position)
        position = query.end() if query else position
    named = any(part != "#" for part in parts)
    return (token if named and (path or parts[0] != "#") else ""), position
