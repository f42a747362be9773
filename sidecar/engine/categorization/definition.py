"""What a category is, as users see it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Longer regular expressions and terms are cut: an index takes at most 32766 bytes of a keyword.
_MOST_CHARACTERS = 8_000
# Room for messages that are a little longer than those seen.
_LENGTH_MARGIN = 1.1
_SPECIAL = re.compile(r'([\\.\[\]{}()*+?^$|"&~<>#@])')


@dataclass(frozen=True, slots=True)
class CategoryDefinition:
    """A category.

    Attributes
    ----------
    category_id : int
        From 1 on, in order of appearance in the job.
    partition : int
        Code of its partition's value; -1 for none.
    terms : str
        Tokens that all its messages have.
    regex : str
        Matches its messages.
    max_matching_length : int
        Longer messages are not expected, in bytes.
    preferred_to_categories : tuple of int
        Categories that have no messages any more because they belong here.
    """

    category_id: int
    partition: int
    terms: str
    regex: str
    max_matching_length: int
    examples: tuple[str, ...]
    num_matches: int
    preferred_to_categories: tuple[int, ...]


def max_matching_length(longest: int) -> int:
    """From the length of the longest message."""
    return int(longest * _LENGTH_MARGIN)


def terms_of(tokens: Iterable[str], mask: str) -> str:
    """Distinct tokens, separated by spaces, without those in which something varies."""
    text = ""
    for token in dict.fromkeys(tokens):
        if mask and mask in token:
            continue
        if len(text) + len(token) > _MOST_CHARACTERS:
            break
        text += f" {token}" if text else token
    return text


def regex_of(tokens: Iterable[str], mask: str) -> str:
    """An expression of Java and of Lucene for texts that have these tokens in this order."""
    text = ""
    for token in tokens:
        parts = token.split(mask) if mask else [token]
        piece = ".+?".join(_SPECIAL.sub(r"\\\1", part) for part in parts)
        if len(text) + len(piece) > _MOST_CHARACTERS:
            break
        text += (".+?" if text else ".*?") + piece
    # A piece may end or begin with what varies.
    return re.sub(r"(?:\.\+\?){2,}", ".+?", text) + ".*" if text else ".*"
