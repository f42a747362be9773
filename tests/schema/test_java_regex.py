"""Java's regular expressions in Python's words."""

from __future__ import annotations

import pytest

from sidecar.schema.java_regex import compile_java_regex, python_replacement


@pytest.mark.parametrize(
    ("expression", "text", "matched"),
    [
        (r"(?<first>a)(\k<first>)", "baa", "aa"),
        (r"\p{Alpha}+", "12ab3", "ab"),
        (r"\P{Digit}+", "12ab3", "ab"),
        (r"[\p{Upper}_]+", "aB_C", "B_C"),
        (r"\Qa.b\E+", "axb a.bb", "a.bb"),
        (r"a\hb", "a\tb", "a\tb"),
        (r"a\Rb", "a\r\nb", "a\r\nb"),
        (r"\x{41}", "xA", "A"),
        (r"[]a]+", "x]a", "]a"),
        (r"a++b", "aab", "aab"),
        (r"(?i)user", "USER", "USER"),
        (r"end\z", "end", "end"),
        (r"end\Z", "end\n", "end"),
        (r"\d+", "٣7", "7"),
    ],
)
def test_matches_what_java_matches(expression: str, text: str, matched: str) -> None:
    found = compile_java_regex(expression).search(text)
    assert found is not None
    assert found[0] == matched


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(", "missing"),
        (r"[a-z&&[^b]]", "classes inside"),
        (r"[a[b]]", "classes inside"),
        (r"\X", "not supported"),
        (r"\p{Greek}", "not supported"),
        (r"[\R]", "not supported"),
        ("a\\", "single backslash"),
        (r"\G", "not supported"),
        ("a(?i)b", "global flags"),
    ],
)
def test_what_cannot_be_said_is_an_error(expression: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        compile_java_regex(expression)


def test_flags_have_javas_names() -> None:
    assert compile_java_regex("a.b", "CASE_INSENSITIVE|DOTALL").search("xA\nB")
    with pytest.raises(ValueError, match=r"flag \[UNIX_LINES\]"):
        compile_java_regex("a", "UNIX_LINES")


@pytest.mark.parametrize(
    ("replacement", "expected"),
    [("$1-${two}", "a-b"), (r"\$1", "$1"), (r"a\\b", r"a\b"), ("", ""), ("x", "x")],
)
def test_replacements(replacement: str, expected: str) -> None:
    pattern = compile_java_regex("(a)(?<two>b)")
    assert pattern.sub(python_replacement(replacement), "ab") == expected
