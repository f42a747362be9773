"""Tokens as the analyzer of a job wants them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sidecar.engine.categorization.message_analyzer import MessageAnalyzer
from sidecar.schema.categorization_analyzer import default_analyzer, parse_analyzer

_FIRST_LINE = "first_line_with_letters"
MESSAGE = b"Jan 12 10:00:00 node12 GET /a/b took 17ms [statement:SELECT 1]\nsecond line"
_REPLACE = {"type": "pattern_replace", "pattern": r"\[statement:.*?\]"}


def _analyzer(tokenizer: Any, *char_filters: Any, **more: Any) -> dict[str, Any]:
    return {"tokenizer": tokenizer, "char_filter": list(char_filters), **more}


@pytest.mark.parametrize(
    ("analyzer", "tokens"),
    [
        (default_analyzer(), "node#,GET,/a/b,took,statement,SELECT"),
        (default_analyzer([r"\[statement:.*?\]", "took"]), "node#,GET,/a/b"),
        (_analyzer("ml_standard"), "Jan,node#,GET,/a/b,took,statement,SELECT,second,line"),
        (_analyzer("ml_standard", _REPLACE), "Jan,node#,GET,/a/b,took,second,line"),
        (_analyzer("ml_classic", _FIRST_LINE, _REPLACE), "Jan,node#,GET,a,b,took"),
        (_analyzer("ml_standard", filter=[{"type": "limit", "max_token_count": 2}]), "Jan,node#"),
        (
            _analyzer("letter", _FIRST_LINE, filter=["lowercase"]),
            "jan,node,get,a,b,took,ms,statement,select",
        ),
        (_analyzer({"type": "pattern", "pattern": r"\s+"}, _REPLACE, _FIRST_LINE),
         "Jan,12,10:00:00,node12,GET,/a/b,took,17ms"),
        (_analyzer({"type": "pattern", "pattern": r"([a-z]+)(\d+)", "group": 2}), "12"),
        (_analyzer({"type": "simple_pattern", "pattern": "[0-9]{3,}"}), ""),
        (_analyzer({"type": "simple_pattern_split", "pattern": r"[ \n]"}, _FIRST_LINE),
         "Jan,12,10:00:00,node12,GET,/a/b,took,17ms,[statement:SELECT,1]"),
        (
            _analyzer("whitespace", filter=[{"type": "stop", "stopwords": ["jan", "GET"],
                                             "ignore_case": True}]),
            "12,10:00:00,node12,/a/b,took,17ms,[statement:SELECT,1],second,line",
        ),
        ("simple", "jan,node,get,a,b,took,ms,statement,select,second,line"),
        ("keyword", MESSAGE.decode()),
    ],
)  # fmt: skip
def test_tokens(analyzer: Any, tokens: str) -> None:
    found = MessageAnalyzer(parse_analyzer(analyzer)).tokens(MESSAGE)
    assert ",".join(found) == tokens


@pytest.mark.parametrize(
    ("analyzer", "same"),
    [
        (default_analyzer(), True),
        (default_analyzer([r"\[statement:.*?\]"]), True),
        (_analyzer("whitespace"), False),
    ],
)
def test_forms_differ_as_tokens_do(analyzer: Any, same: bool) -> None:
    texts = [MESSAGE, MESSAGE.replace(b"17", b"9999"), b"\xff other", b""]
    end = np.cumsum(np.array([len(text) for text in texts], np.int64))
    start = np.concatenate((end[:1] * 0, end[:-1]))
    data = np.frombuffer(bytearray(b"".join(texts)), np.uint8)
    subject = MessageAnalyzer(parse_analyzer(analyzer))
    hashes = subject.form_hashes(data, start, end).tolist()
    assert (hashes[0] == hashes[1]) == same
    assert len({hashes[0], hashes[2], hashes[3]}) == 3


def test_replacements_are_those_of_java() -> None:
    replace = {"type": "pattern_replace", "pattern": r"(\w+)=(\w+)", "replacement": r"$2 \$$1"}
    subject = MessageAnalyzer(parse_analyzer(_analyzer("whitespace", replace)))
    assert subject.tokens(b"user=bob") == ["bob", "$user"]


def test_bytes_that_are_no_text_do_no_harm() -> None:
    for analyzer in (default_analyzer(), default_analyzer(["a"]), "standard"):
        assert "broken" in MessageAnalyzer(parse_analyzer(analyzer)).tokens(b"\xed\xa0\x80 broken")
