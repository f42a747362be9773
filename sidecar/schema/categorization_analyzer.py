"""How the text of a message is cut into tokens before it is categorized."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar import messages
from sidecar.errors import BadRequestError
from sidecar.schema.java_regex import compile_java_regex, python_replacement

FIRST_LINE_WITH_LETTERS = "first_line_with_letters"
PATTERN_REPLACE = "pattern_replace"

_CHAR_FILTERS = (FIRST_LINE_WITH_LETTERS, PATTERN_REPLACE)
_TOKENIZERS = (
    "ml_standard",
    "ml_classic",
    "standard",
    "letter",
    "whitespace",
    "keyword",
    "pattern",
    "simple_pattern",
    "simple_pattern_split",
)
_FILTERS = ("lowercase", "limit", "stop")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_DEFAULT_TOKENS = 100
# Lucene's English stop words: what the filter `stop` takes out unless it is told.
_ENGLISH = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is"),
        *("it", "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there"),
        *("these", "they", "this", "to", "was", "will", "with"),
    )
)

_NAMED_WORDS = {"_english_": _ENGLISH, "_none_": frozenset[str]()}


@dataclass(frozen=True, slots=True)
class Replacement:
    """A char filter: every match of an expression becomes something else (`re.sub`'s syntax)."""

    pattern: re.Pattern[str]
    by: str


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """A token filter; `words` are those of `stop`, `limit` is that of `limit`."""

    kind: str
    words: frozenset[str] = frozenset()
    ignore_case: bool = False
    limit: int = 0


@dataclass(frozen=True, slots=True)
class CategorizationAnalyzer:
    """Char filters, a tokenizer, token filters: applied in this order.

    Attributes
    ----------
    char_filters : tuple of (Replacement or None)
        None is `first_line_with_letters`.
    pattern, group
        Of the pattern tokenizers; group -1 splits at the matches, others are the tokens.
    """

    tokenizer: str
    char_filters: tuple[Replacement | None, ...] = ()
    filters: tuple[TokenFilter, ...] = ()
    pattern: re.Pattern[str] | None = None
    group: int = -1


_NAMED = {
    "standard": CategorizationAnalyzer("standard", filters=(TokenFilter("lowercase"),)),
    "simple": CategorizationAnalyzer("letter", filters=(TokenFilter("lowercase"),)),
    "whitespace": CategorizationAnalyzer("whitespace"),
    "keyword": CategorizationAnalyzer("keyword"),
}


def default_analyzer(filters: Sequence[str] = ()) -> dict[str, Any]:
    """The analyzer of a job that has none; `filters` are its categorization_filters."""
    replacements = [{"type": PATTERN_REPLACE, "pattern": pattern} for pattern in filters]
    names = (*_DAYS, *(d[:3] for d in _DAYS), *_MONTHS, *(m[:3] for m in _MONTHS if m != "May"))
    return {
        "char_filter": [FIRST_LINE_WITH_LETTERS, *replacements],
        "tokenizer": "ml_standard",
        "filter": [
            {"type": "stop", "stopwords": [*names, "GMT", "UTC"]},
            {"type": "limit", "max_token_count": str(_DEFAULT_TOKENS)},
        ],
    }


def parse_analyzer(analyzer: Any) -> CategorizationAnalyzer:
    """Read a `categorization_analyzer`: the name of an analyzer, or an object with its parts.

    Raises
    ------
    BadRequestError
        When a part is unknown or malformed; the text names what there is.
    """
    if isinstance(analyzer, str):
        if analyzer not in _NAMED:
            raise _unsupported("analyzer", analyzer, tuple(_NAMED))
        return _NAMED[analyzer]
    for name in analyzer:
        if name not in ("char_filter", "tokenizer", "filter"):
            raise _unsupported("member", name, ("char_filter", "tokenizer", "filter"))
    if analyzer.get("tokenizer") is None:
        raise BadRequestError(messages.analyzer_without_tokenizer())
    kind, given = _part("tokenizer", analyzer["tokenizer"], _TOKENIZERS)
    pattern, group = _tokenizer_pattern(kind, given)
    return CategorizationAnalyzer(
        tokenizer=kind,
        char_filters=tuple(
            _char_filter(*_part("char_filter", part, _CHAR_FILTERS))
            for part in _list(analyzer, "char_filter")
        ),
        filters=tuple(
            _token_filter(*_part("filter", part, _FILTERS)) for part in _list(analyzer, "filter")
        ),
        pattern=pattern,
        group=group,
    )


def _list(analyzer: Mapping[str, Any], name: str) -> list[Any]:
    value = analyzer.get(name)
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _part(place: str, part: Any, known: tuple[str, ...]) -> tuple[str, Mapping[str, Any]]:
    """Type and settings of a part given by name or as an object."""
    settings = part if isinstance(part, Mapping) else {}
    kind = settings.get("type") if settings else part
    if not isinstance(kind, str) or kind not in known:
        raise _unsupported(place, str(kind), known)
    return kind, settings


def _unsupported(place: str, name: str, known: tuple[str, ...]) -> BadRequestError:
    return BadRequestError(messages.analyzer_part_not_supported(place, name, known))


def _regex(place: str, settings: Mapping[str, Any], default: str | None) -> re.Pattern[str]:
    expression = settings.get("pattern", default)
    if not isinstance(expression, str):
        raise BadRequestError(messages.analyzer_part_without_pattern(place))
    try:
        return compile_java_regex(expression, str(settings.get("flags") or ""))
    except ValueError as error:
        text = messages.analyzer_bad_regex(expression, str(error))
        raise BadRequestError(text) from error


def _tokenizer_pattern(
    kind: str, settings: Mapping[str, Any]
) -> tuple[re.Pattern[str] | None, int]:
    if kind == "pattern":
        pattern, group = _regex(kind, settings, r"\W+"), _integer(kind, settings, "group", -1)
        if not -1 <= group <= pattern.groups:
            raise BadRequestError(messages.analyzer_bad_setting(kind, "group", group))
        return pattern, group
    if kind == "simple_pattern":
        return _regex(kind, settings, None), 0
    if kind == "simple_pattern_split":
        return _regex(kind, settings, None), -1
    return None, -1


def _char_filter(kind: str, settings: Mapping[str, Any]) -> Replacement | None:
    if kind == FIRST_LINE_WITH_LETTERS:
        return None
    pattern = _regex(kind, settings, None)
    by = python_replacement(str(settings.get("replacement", "")))
    try:
        pattern.sub(by, "")
    except (re.error, IndexError) as error:
        text = messages.analyzer_bad_regex(str(settings["replacement"]), str(error))
        raise BadRequestError(text) from error
    return Replacement(pattern, by)


def _token_filter(kind: str, settings: Mapping[str, Any]) -> TokenFilter:
    if kind == "limit":
        count = _integer(kind, settings, "max_token_count", 1)
        if count < 1:
            raise BadRequestError(messages.analyzer_bad_setting(kind, "max_token_count", count))
        return TokenFilter(kind, limit=count)
    if kind == "stop":
        words = settings.get("stopwords", "_english_")
        given = [words] if isinstance(words, str) else words
        if not isinstance(given, list | tuple) or not all(isinstance(w, str) for w in given):
            raise BadRequestError(messages.analyzer_bad_setting(kind, "stopwords", words))
        chosen: set[str] = set()
        for word in given:
            chosen |= _NAMED_WORDS.get(word, {word})
        ignore_case = str(settings.get("ignore_case", False)).lower() == "true"
        if ignore_case:
            chosen = {word.lower() for word in chosen}
        return TokenFilter(kind, words=frozenset(chosen), ignore_case=ignore_case)
    return TokenFilter(kind)


def _integer(place: str, settings: Mapping[str, Any], name: str, default: int) -> int:
    value = settings.get(name, default)
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRequestError(messages.analyzer_bad_setting(place, name, value)) from error
