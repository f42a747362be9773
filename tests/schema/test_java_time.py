"""Java date patterns against a table made by a real JVM (`JavaTimeGolden.java`)."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.schema.java_time import compile_time_format

_TABLE = json.loads(Path(__file__).with_name("java_time_golden.json").read_text("utf-8"))
_BY_PATTERN: dict[str, list[tuple[str, int | str]]] = defaultdict(list)
for _pattern, _text, _result in _TABLE:
    _BY_PATTERN[_pattern].append((_text, _result))
_READABLE = {p: rows for p, rows in _BY_PATTERN.items() if rows[0][1] != "bad pattern"}


@pytest.mark.parametrize("pattern", _READABLE)
def test_texts_are_read_as_java_reads_them(pattern: str) -> None:
    compiled = compile_time_format(pattern)
    got = [(text, compiled.parse(text)) for text, _ in _READABLE[pattern]]
    expected = [(text, None if r == "bad text" else r) for text, r in _READABLE[pattern]]
    assert got == expected


@pytest.mark.parametrize("pattern", [p for p in _BY_PATTERN if p not in _READABLE])
def test_patterns_that_java_refuses_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"^Invalid Time format string '"):
        compile_time_format(pattern)


def test_a_pattern_without_a_year_takes_the_year_that_is_given() -> None:
    assert compile_time_format("MMM dd HH:mm:ss", 2014).parse("Mar 25 01:30:20") == 1395711020000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2014-03-30 01:59:59", 1396141199000, id="last second of winter time"),
        pytest.param(
            "2014-03-30 02:30:00", 1396143000000, id="a time that does not exist moves on"
        ),
        pytest.param("2014-10-26 02:30:00", 1414283400000, id="of two times it is the first"),
    ],
)
def test_local_times_at_a_clock_change(text: str, expected: int) -> None:
    compiled = compile_time_format("yyyy-MM-dd HH:mm:ss VV")
    assert compiled.parse(f"{text} Europe/Berlin") == expected


@given(st.text(max_size=40))
def test_any_text_gives_a_time_or_none(text: str) -> None:
    for pattern in (
        "yyyy-MM-dd HH:mm:ss[.SSS][XXX]",
        "EEE, d MMM yyyy h:mm a z",
        "yyyyMMddHHmmss VV",
    ):
        result = compile_time_format(pattern).parse(text)
        assert result is None or isinstance(result, int)


@given(st.text(alphabet="yuMLdDHhKkmsSnNAaEecGXxZOVz'[]-: #{", max_size=20))
def test_any_pattern_compiles_or_is_refused(pattern: str) -> None:
    try:
        compiled = compile_time_format(pattern)
    except ValueError:
        return
    assert compiled.parse("".join(e.sample for e in compiled.elements)) is not None
