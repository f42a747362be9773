"""The reader refuses what is not JSON and says where."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import ParseError, XContentParseError
from sidecar.xcontent import MAP, Cursor, Field, ObjectParser
from sidecar.xcontent.tokens import MAX_DEPTH, MAX_NUMBER_LENGTH

ANY_OBJECT = ObjectParser("thing", [Field("x", MAP)], lambda values: values)
_EXPECTED = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def read(body: bytes) -> object:
    cursor = Cursor.of_json(body)
    cursor.advance()
    value = cursor.plain()
    cursor.advance()
    return value


@pytest.mark.parametrize("body", [b"", b"  \n"], ids=["nothing", "white space"])
def test_an_empty_body_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError, match="request body is required"):
        read(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b'{"a":1,"a":2}', "[1:11] Duplicate field 'a'", id="duplicate"),
        pytest.param(
            b'{"a":{"b":1,\n "b":2}}', "[2:5] Duplicate field 'b'", id="duplicate further down"
        ),
        pytest.param(
            b'{"a":1} x', "[1:9] Unexpected content after the end of the JSON value", id="trailing"
        ),
        pytest.param(
            b"{}{}", "[1:3] Unexpected content after the end of the JSON value", id="two objects"
        ),
        pytest.param(
            b'{"a":1',
            "[1:7] Unexpected end-of-input: expected close marker for Object "
            "(start marker at line: 1, column: 1)",
            id="open object",
        ),
        pytest.param(
            b'{"a":[1,\n2',
            "[2:2] Unexpected end-of-input: expected close marker for Array "
            "(start marker at line: 1, column: 6)",
            id="open array",
        ),
        pytest.param(
            b'{"a" 1}',
            "[1:6] Unexpected character ('1' (code 49)): "
            "was expecting a colon to separate field name and value",
            id="no colon",
        ),
        pytest.param(
            b'{"a":1 "b":2}',
            "[1:8] Unexpected character ('\"' (code 34)): "
            "was expecting comma to separate Object entries",
            id="no comma",
        ),
        pytest.param(
            b"[1 2]",
            "[1:4] Unexpected character ('2' (code 50)): "
            "was expecting comma to separate Array entries",
            id="no comma in an array",
        ),
        pytest.param(
            b'{"a":1,}',
            "[1:8] Unexpected character ('}' (code 125)): "
            "was expecting double-quote to start field name",
            id="trailing comma",
        ),
        pytest.param(
            b"[1,]",
            f"[1:4] Unexpected character (']' (code 93)): expected a valid value {_EXPECTED}",
            id="trailing comma in an array",
        ),
        pytest.param(
            b"[,1]",
            f"[1:2] Unexpected character (',' (code 44)): expected a valid value {_EXPECTED}",
            id="leading comma",
        ),
        pytest.param(
            "{\n\n é}".encode(),
            "[3:2] Unexpected character ('é' (code 233)): "
            "was expecting double-quote to start field name",
            id="not ASCII",
        ),
        pytest.param(
            b'{"a":NaN}',
            f"[1:6] Unrecognized token 'NaN': was expecting {_EXPECTED}",
            id="not a number",
        ),
        pytest.param(
            b'{"a":truer}',
            f"[1:6] Unrecognized token 'truer': was expecting {_EXPECTED}",
            id="word",
        ),
        pytest.param(b"[01]", "[1:2] Malformed numeric value ('01')", id="leading zero"),
        pytest.param(b"[1.]", "[1:2] Malformed numeric value ('1.')", id="no fraction"),
        pytest.param(b"[-]", "[1:2] Malformed numeric value ('-')", id="minus alone"),
        pytest.param(b"[1e999]", "[1:2] Number value [1e999] is out of range", id="infinite"),
        pytest.param(
            b"[" + b"1" * 1001 + b"]",
            f"[1:2] Number value length (1001) exceeds the maximum allowed ({MAX_NUMBER_LENGTH})",
            id="long number",
        ),
        pytest.param(
            b'"a\nb"',
            "[1:3] Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using "
            "backslash to be included in string value",
            id="control character",
        ),
        pytest.param(b'"a\\qb"', "[1:3] Unrecognized character escape", id="escape"),
        pytest.param(b'"\\u12g4"', "[1:2] Unrecognized character escape", id="unicode escape"),
        pytest.param(b'"abc', "[1:5] Unexpected end-of-input in a string value", id="open string"),
        pytest.param(b'"abc\\', "[1:5] Unrecognized character escape", id="ends in an escape"),
        pytest.param(b'"a\xff"', "[1:3] Invalid UTF-8 start byte 0xff", id="not UTF-8"),
        pytest.param(
            b'"\\ud800"', "[1:1] Incomplete surrogate pair in a string", id="half a surrogate pair"
        ),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(body: bytes, reason: str) -> None:
    with pytest.raises(XContentParseError) as caught:
        read(body)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b' {"a" : [ 1 , -2.5e3 ] } ', {"a": [1, -2500.0]}, id="white space"),
        pytest.param(b'{"a":-7}', {"a": -7}, id="negative"),
        pytest.param(b'"\\u00e9\\ud83d\\ude00\\n"', "é😀\n", id="escapes"),
        pytest.param(b"\xef\xbb\xbf{}", {}, id="byte order mark"),
        pytest.param(b"[123456789012345678901234567890]", [1.2345678901234568e29], id="big number"),
        pytest.param(b'[[],{},[{"a":[]}],null,true]', [[], {}, [{"a": []}], None, True], id="nest"),
    ],
)
def test_values_are_read(body: bytes, value: object) -> None:
    assert read(body) == value


def test_a_deeply_nested_document_is_refused() -> None:
    depth = MAX_DEPTH + 1
    with pytest.raises(XContentParseError, match=r"Document nesting depth \(201\) exceeds"):
        read(b"[" * depth + b"]" * depth)


def test_a_document_nested_as_deeply_as_allowed_is_read() -> None:
    assert read(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None


@given(PLAIN)
def test_reading_what_was_written_gives_the_same(value: object) -> None:
    assert read(json.dumps(value).encode()) == value
    assert read(json.dumps(value, ensure_ascii=False, indent=2).encode()) == value


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_a_decoded_document_reads_as_its_json(document: dict[str, object]) -> None:
    cursor = Cursor.of_document(document)
    cursor.advance()
    assert cursor.plain() == document


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0123-.eEtrufalsn\\ux', max_size=40))
def test_arbitrary_bytes_give_a_value_or_an_error_of_ours(body: bytes | str) -> None:
    data = body if isinstance(body, bytes) else body.encode()
    try:
        value = read(data)
    except (ParseError, XContentParseError):
        return
    assert value == json.loads(data.decode("utf-8-sig"))
