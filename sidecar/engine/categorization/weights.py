"""How much a token says about what kind of message it is in."""

from __future__ import annotations

from functools import lru_cache

# Words of a message, most of all what looks like a verb, are written by a programmer; names,
# numbers and paths are filled in when the message is made.
_VERB = 6
_WORD = 3
_SHORT_WORD = 2
_NAME = 2
_VARIABLE = 1

_SHORT = 3
_LEAST_VERB = 5
# Longer runs of letters are no words of a language.
_LONGEST_WORD = 24
_CACHED = 65_536


@lru_cache(maxsize=_CACHED)
def token_weight(token: str) -> int:
    """Weight of a token; there is no list of words: its letters decide."""
    if token.isalpha():
        length = len(token)
        if length == 1 or length > _LONGEST_WORD:
            return _VARIABLE
        if length <= _SHORT:
            return _SHORT_WORD
        return _VERB if length >= _LEAST_VERB and token.endswith(("ed", "ing")) else _WORD
    if any(mark in token for mark in "#@/\\"):
        return _VARIABLE
    return _NAME if not any(character.isdigit() for character in token) else _VARIABLE
