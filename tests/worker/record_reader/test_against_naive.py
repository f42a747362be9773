"""Any spelling of any record, cut anywhere, is read as the slow reader reads it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.record_reader.naive import NaiveReader
from tests.worker.record_reader.support import FIELDS, Job, assert_equals_naive, cut

TEXTS = st.one_of(
    st.sampled_from(
        ["", "a", "b", "AAL", "1.5", " 2 ", "NaN", "0x1p3", "1e999", "é", "😀\u0000", "1,2", "1,"]
    ),
    st.text(max_size=6),
)
NUMBERS = st.one_of(
    st.integers(-(10**22), 10**22),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(1359331000, 1359331400),
)
SCALARS = st.one_of(st.none(), st.booleans(), TEXTS, NUMBERS)
ARRAYS = st.recursive(
    st.lists(st.one_of(SCALARS, st.dictionaries(TEXTS, SCALARS, max_size=2)), max_size=3),
    lambda inner: st.lists(st.one_of(SCALARS, inner), max_size=3),
    max_leaves=4,
)
VALUES = st.one_of(SCALARS, ARRAYS)
TIMES = st.one_of(
    st.integers(1359331000, 1359331900),
    st.integers(1359331000, 1359399000).map(str),
    st.floats(1359331000, 1359332000),
    VALUES,
)
KEYS = st.one_of(
    st.sampled_from([*FIELDS, "time", "tags", "env", "host", "env.zone", "zone", "other", "ta"]),
    TEXTS,
)


class Members(list[tuple[str, Any]]):
    """An object that may have a key twice."""


OBJECTS = st.recursive(
    st.lists(st.tuples(KEYS, VALUES), max_size=4).map(Members),
    lambda inner: st.lists(st.tuples(KEYS, st.one_of(VALUES, inner)), max_size=4).map(Members),
    max_leaves=6,
)
RECORDS = st.builds(
    lambda time, rest, last: Members(
        [("time", time), *rest] if not last else [*rest, ("time", time)]
    ),
    TIMES,
    OBJECTS,
    st.booleans(),
)


@st.composite
def spelt(draw: st.DrawFn, value: Any) -> str:
    """JSON of a value in one of its spellings."""
    space = draw(st.sampled_from(["", "", " ", "\n", "\r\n\t"]))
    if isinstance(value, Members):
        pairs = [f"{draw(spelt(k))}{space}:{space}{draw(spelt(v))}" for k, v in value]
        return "{" + space + f"{space},{space}".join(pairs) + space + "}"
    if isinstance(value, dict):
        return draw(spelt(Members(value.items())))
    if isinstance(value, list):
        return f"[{space}" + f"{space},".join(draw(spelt(v)) for v in value) + f"{space}]"
    if isinstance(value, str):
        plain = json.dumps(value, ensure_ascii=draw(st.booleans()))
        return draw(st.sampled_from([plain, plain, _all_escaped(value)]))
    return json.dumps(value)


def _all_escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    return (
        '"' + "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2)) + '"'
    )


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    records = [draw(spelt(r)) for r in draw(st.lists(RECORDS, max_size=8))]
    style = draw(st.sampled_from(["lines", "adjacent", "array", "commas"]))
    separator = {"lines": "\n", "adjacent": "", "array": ",", "commas": " ,\n"}[style]
    text = separator.join(records)
    text = f"[{text}]\n" if style == "array" else text
    mark = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    return mark + text.encode("utf-8", "replace")


CUTS = st.lists(st.integers(0, 2**16), max_size=6)
LATENCIES = st.sampled_from([0, 60, 90, 1200])


@settings(max_examples=100, deadline=None)
@given(st.lists(bodies(), min_size=1, max_size=3), CUTS, LATENCIES)
def test_uploads_equal_the_naive_reader(uploads: list[bytes], places: list[int], lag: int) -> None:
    job = Job(latency_s=lag)
    naive = NaiveReader(analysis_fields=FIELDS, latency_s=lag)
    for body in uploads:
        assert_equals_naive(job, naive, job.read_blocks(cut(body, places)), body)


_BYTES = b'{}[],:"\\ \n\r\t-0123456789.eEtfnNI\x00\x1f\x7f\x80\xc3\xa9\xed\xa0\xff'
_PARTS = [b'{"time":1359331200}', b'{"time":1359331200,"name":"', b'"}', b"\n{", b"true", b"null"]
_MORE_PARTS = [
    b'"time":',
    b'{"a":[',
    b"\\u00e9",
    b"\\ud83d",
    b"\\ude00",
    b"\xf0\x9f\x98\x80",
    b"Inf",
]
TOKENS = st.sampled_from([*(bytes([c]) for c in _BYTES), *_PARTS, *_MORE_PARTS])
NOISE = st.one_of(st.lists(TOKENS, max_size=60).map(b"".join), st.binary(max_size=60))


@st.composite
def damaged_bodies(draw: st.DrawFn) -> bytes:
    body = bytearray(draw(bodies()))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(body)))
        gone = draw(st.integers(0, 3))
        body[at : at + gone] = draw(NOISE)
    return bytes(body)


@settings(max_examples=300, deadline=None)
@given(st.one_of(NOISE, damaged_bodies()), CUTS)
def test_malformed_bodies_equal_the_naive_reader(body: bytes, places: list[int]) -> None:
    job, naive = Job(), NaiveReader(analysis_fields=FIELDS)
    assert_equals_naive(job, naive, job.read_blocks(cut(body, places)), body)


@settings(max_examples=100, deadline=None)
@given(st.one_of(NOISE, damaged_bodies()), CUTS)
def test_a_body_cut_anywhere_is_the_same_body(body: bytes, places: list[int]) -> None:
    assert Job().read_blocks(cut(body, places)) == Job().read(body)


@settings(max_examples=40, deadline=None)
@given(st.lists(bodies(), min_size=2, max_size=4), st.integers(0, 3))
def test_saving_and_loading_between_uploads_changes_nothing(uploads: list[bytes], at: int) -> None:
    whole, first = Job(latency_s=90), Job(latency_s=90)
    results = [whole.read(body) for body in uploads]
    for i, body in enumerate(uploads):
        if i == at:
            saved = json.loads(json.dumps(first.reader.save()))
            second = Job(latency_s=90, totals=first.reader.totals, dictionaries=first.dictionaries)
            second.dictionaries = first.dictionaries
            second.reader.load(saved)
            first = second
        assert first.read(body) == results[i]
    assert first.reader.totals == whole.reader.totals
