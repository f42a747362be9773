"""Messages as lists of tokens, as the job's categorization analyzer wants them."""

from __future__ import annotations

import re

import numpy as np

from sidecar.engine.arrays import ByteArray, HashArray, IntArray
from sidecar.engine.categorization import form_kernels
from sidecar.engine.categorization.form_kernels import (
    first_line_with_letters,
    hash_forms,
    write_form,
)
from sidecar.schema.categorization_analyzer import (
    CategorizationAnalyzer,
    TokenFilter,
)

_MODES = {
    "ml_standard": form_kernels.STANDARD_TOKENS,
    "ml_classic": form_kernels.CLASSIC_TOKENS,
}
_PATTERNS = {
    "standard": re.compile(r"\w+(?:['.]\w+)*"),
    "letter": re.compile(r"[^\W\d_]+"),
    "whitespace": re.compile(r"\S+"),
    "keyword": re.compile(r"(?s).+"),
}


class MessageAnalyzer:
    """Cuts messages into tokens.

    Attributes
    ----------
    masks : bool
        Whether `#` in a token stands for what varies.
    """

    def __init__(self, analyzer: CategorizationAnalyzer) -> None:
        self._analyzer = analyzer
        token_mode = _MODES.get(analyzer.tokenizer)
        self.masks = token_mode is not None
        self._mode = form_kernels.TEXT if token_mode is None else token_mode
        self._replaces = any(part is not None for part in analyzer.char_filters)
        self._first_line = not self._replaces and bool(analyzer.char_filters)

    def form_hashes(self, data: ByteArray, start: IntArray, end: IntArray) -> HashArray:
        """(n,) hashes of the messages `data[start[i]:end[i]]`: the same for the same tokens."""
        if self._replaces and self.masks:
            # Regular expressions are Python's: here alone each message is looked at one by one.
            text = data.tobytes()
            limits = zip(start.tolist(), end.tolist(), strict=True)
            messages = [self._filtered(text[begin:stop]) for begin, stop in limits]
            data = np.frombuffer(bytearray(b"".join(messages)), np.uint8)
            end = np.cumsum(np.array([len(message) for message in messages], np.int64))
            start = np.concatenate((np.zeros(1, np.int64), end))[: len(messages)]
        out = np.empty(len(start), np.uint64)
        scratch = np.empty(int((end - start).max(initial=0)) + 2, np.uint8)
        hash_forms(data, start, end, self._mode, self._first_line, scratch, out)
        return out

    def tokens(self, message: bytes) -> list[str]:
        """The tokens of a message in UTF-8, in order; none is empty."""
        if self._replaces:
            message = self._filtered(message)
        if self.masks:
            tokens = self._masked_tokens(message)
        else:
            if self._first_line:
                message = _first_line(message)
            tokens = self._other_tokens(message.decode("utf-8", "replace"))
        for token_filter in self._analyzer.filters:
            tokens = _filtered_tokens(tokens, token_filter)
        return tokens

    def _filtered(self, message: bytes) -> bytes:
        """What the char filters make of a message."""
        text = message.decode("utf-8", "replace")
        for part in self._analyzer.char_filters:
            if part is not None:
                text = part.pattern.sub(part.by, text)
            elif "\n" in text:
                text = _first_line(text.encode("utf-8", "replace")).decode()
        return text.encode("utf-8", "replace")

    def _masked_tokens(self, message: bytes) -> list[str]:
        form = np.empty(len(message) + 2, np.uint8)
        data = np.frombuffer(bytearray(message), np.uint8)
        length = write_form(data, 0, len(data), self._mode, self._first_line, form)
        text = form[:length].tobytes().decode("utf-8", "replace")
        return text.split(chr(form_kernels.SEPARATOR))[:-1]

    def _other_tokens(self, text: str) -> list[str]:
        pattern, group = self._analyzer.pattern, self._analyzer.group
        if pattern is None:
            return _PATTERNS[self._analyzer.tokenizer].findall(text)
        if group >= 0:
            found = [match.group(group) for match in pattern.finditer(text)]
        else:
            found, begin = [], 0
            for match in pattern.finditer(text):
                found.append(text[begin : match.start()])
                begin = match.end()
            found.append(text[begin:])
        return [token for token in found if token]


def _first_line(message: bytes) -> bytes:
    data = np.frombuffer(bytearray(message), np.uint8)
    begin, end = first_line_with_letters(data, 0, len(data))
    return message[begin:end]


def _filtered_tokens(tokens: list[str], token_filter: TokenFilter) -> list[str]:
    if token_filter.kind == "limit":
        return tokens[: token_filter.limit]
    if token_filter.kind == "lowercase":
        return [token.lower() for token in tokens]
    words = token_filter.words
    if token_filter.ignore_case:
        return [token for token in tokens if token.lower() not in words]
    return [token for token in tokens if token not in words]
