"""How values of records become columns."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.engine.dictionary import FieldDictionary
from tests.worker.record_reader.support import Job


def _record(members: str) -> bytes:
    return f'{{"time":1359331200,{members}}}'.encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("132.2", 132.2, id="number"),
        pytest.param('"132.2"', 132.2, id="numeric string"),
        pytest.param('" \\t132.2\\n"', 132.2, id="spaces around"),
        pytest.param('"+1.5E+3"', 1500.0, id="sign and exponent"),
        pytest.param('".5"', 0.5, id="no digit before the dot"),
        pytest.param("-0.0", -0.0, id="negative zero"),
        pytest.param("[132.2]", 132.2, id="array of one"),
        pytest.param("[1,2]", math.nan, id="array of two"),
        pytest.param("null", math.nan, id="null"),
        pytest.param('""', math.nan, id="empty string"),
        pytest.param("true", math.nan, id="boolean"),
        pytest.param('"NaN"', math.nan, id="NaN in a string"),
        pytest.param("NaN", math.nan, id="NaN"),
        pytest.param("-Infinity", math.nan, id="infinity"),
        pytest.param('"Infinity"', math.nan, id="infinity in a string"),
        pytest.param('"0x1p3"', math.nan, id="hexadecimal"),
        pytest.param('"1e999"', math.nan, id="too great"),
        pytest.param("1" + "0" * 400, math.nan, id="too many digits"),
        pytest.param('"1_000"', math.nan, id="underscore"),
        pytest.param('"1,5"', math.nan, id="comma"),
        pytest.param('"12abc"', math.nan, id="letters behind"),
        pytest.param('"\\u0031\\u002e5"', 1.5, id="escaped"),
        pytest.param('{"a":1}', math.nan, id="object"),
    ],
)
def test_metric_values(value: str, expected: float) -> None:
    got = Job().read(_record(f'"value":{value}')).numbers["value"]
    assert struct.pack("d", got[0]) == struct.pack("d", expected)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["%r", "%.17g", "%.25e"]))
@example(5e-324, "%r")
@example(2.2250738585072011e-308, "%.25e")
def test_metric_values_are_rounded_exactly(value: float, spelling: str) -> None:
    text = spelling % value
    assert Job().read(_record(f'"value":{text}')).numbers["value"] == [float(text)]


@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
)
@example("9007199254740993")
@example("179769313486231580793728971405301e276")
@example("0." + "0" * 330 + "1")
def test_any_digits_give_what_python_gives(text: str) -> None:
    expected = float(text)
    expected = expected if math.isfinite(expected) else math.nan
    got = Job().read(_record(f'"value":{text}')).numbers["value"][0]
    assert struct.pack("d", got) == struct.pack("d", expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param('"AAL"', "AAL", id="string"),
        pytest.param('"A\\u0041\\/L\\n"', "AA/L\n", id="escapes"),
        pytest.param('"\\ud83d\\ude00"', "😀", id="surrogate pair"),
        pytest.param('"\\ud83dx\\ude00"', "\ufffdx\ufffd", id="lone surrogates"),
        pytest.param('"a\\u0000b"', "a\x00b", id="NUL"),
        pytest.param('"né"', "né", id="UTF-8"),
        pytest.param("1.50", "1.50", id="number as written"),
        pytest.param("1E2", "1E2", id="exponent as written"),
        pytest.param("true", "true", id="boolean"),
        pytest.param("null", "", id="null"),
        pytest.param('""', "", id="empty"),
        pytest.param('["a", 1, null, true, "\\u0062"]', "a,1,,true,b", id="array"),
        pytest.param(
            '[{"a":["x}"]}, "b", [["c"], 2], {}]', "b,c,2", id="array of arrays and objects"
        ),
        pytest.param("[]", "", id="empty array"),
        pytest.param("[null]", "", id="array of null"),
        pytest.param('{"a":1}', "", id="object"),
    ],
)
def test_code_and_text_values(value: str, expected: str) -> None:
    job = Job()
    read = job.read(_record(f'"name":{value}'))
    codes = read.codes["name"]
    assert job.names("name", codes) == [expected]
    assert (codes == [-1]) == (expected == "")
    assert read.texts["name"] == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param('"40.7128,-74.006"', (40.7128, -74.006), id="latitude, longitude"),
        pytest.param('" 40.7 , -74 "', (40.7, -74.0), id="spaces"),
        pytest.param('"40.7128\\u002c-74.006"', (40.7128, -74.006), id="escaped comma"),
        pytest.param("[1, 2]", (1.0, 2.0), id="array of two"),
        pytest.param('"1.00000000000000000000001,2"', (1.0, 2.0), id="many digits"),
        pytest.param('"180,-180"', (180.0, -180.0), id="the greatest"),
        pytest.param('"181,0"', None, id="latitude out of range"),
        pytest.param('"0,-180.1"', None, id="longitude out of range"),
        pytest.param('"0,1e999"', None, id="not finite"),
        pytest.param('"40.7"', None, id="one number"),
        pytest.param('"1,2,3"', None, id="three numbers"),
        pytest.param('"1,"', None, id="no longitude"),
        pytest.param('"a,b"', None, id="no numbers"),
        pytest.param('"1;2"', None, id="another separator"),
        pytest.param("1.5", None, id="number"),
        pytest.param("null", None, id="null"),
        pytest.param('{"lat":1,"lon":2}', None, id="object"),
    ],
)
def test_places(value: str, expected: tuple[float, float] | None) -> None:
    (point,) = Job().read(_record(f'"name":{value}')).points["name"]
    if expected is None:
        assert all(math.isnan(coordinate) for coordinate in point)
    else:
        assert tuple(point) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param('"tags":{"host":"a"}', "a", id="nested"),
        pytest.param('"tags.host":"a"', "a", id="dot in the key"),
        pytest.param('"tags":{"env":{"zone":1},"host":"a"},"x":1', "a", id="behind deeper objects"),
        pytest.param('"\\u0074ags":{"h\\u006fst":"a"}', "a", id="escaped keys"),
        pytest.param('"tags":[{"host":"a"}]', "", id="inside an array"),
        pytest.param('"x":{"tags":{"host":"a"}}', "", id="under another object"),
        pytest.param('"host":"a","tags":{"hos":"b","hostt":"c","":"d"}', "", id="other names"),
        pytest.param('"tags":{"host":"b"},"tags":{"host":"a"}', "a", id="twice, nested"),
        pytest.param('"tags.host":"b","tags.host":"a"', "a", id="twice"),
        pytest.param('"tags.host":"b","tags.host":null', "", id="twice, then null"),
        pytest.param('"tags":{"host":"a"},"tags":7', "a", id="object and value"),
    ],
)
def test_nested_fields(record: str, expected: str) -> None:
    job = Job()
    assert job.names("tags.host", job.read(_record(record)).codes["tags.host"]) == [expected]


def test_codes_are_given_in_order_of_appearance_and_stay() -> None:
    job = Job()
    records = [_record(f'"name":"{name}"') for name in ("b", "a", "b", "c")]
    assert job.read(*records).codes["name"] == [0, 1, 0, 2]
    assert job.read(*reversed(records)).codes["name"] == [2, 0, 1, 0]
    assert job.dictionaries["name"].names() == ["b", "a", "c"]


def test_codes_follow_a_dictionary_that_has_names_already() -> None:
    dictionaries = {"name": FieldDictionary(["x", "a"]), "tags.host": FieldDictionary()}
    job = Job(dictionaries=dictionaries)
    assert job.read(_record('"name":"a"'), _record('"name":"b"')).codes["name"] == [1, 2]


def test_names_of_dropped_records_get_no_code() -> None:
    job = Job()
    job.read(b'{"time":"x","name":"a"}{"name":"b"}')
    assert len(job.dictionaries["name"]) == 0


def test_many_names_keep_their_codes() -> None:
    job = Job()
    body = b"\n".join(_record(f'"name":"{"n" * (i % 50)}{i}"') for i in range(20_000))
    assert job.read(body).codes["name"] == list(range(20_000))
    assert job.read(body).codes["name"] == list(range(20_000))


def test_hashes_tell_texts_apart_whatever_their_spelling() -> None:
    spellings = ['"ab"', '"a\\u0062"', "12", '"12"', '"1\\u0032"', "12.0", "null", '""', "[12]"]
    hashes = Job().read(*(_record(f'"tags.env.zone":{s}') for s in spellings)).hashes
    ab, ab_escaped, n, n_string, n_escaped, other, null, empty, n_array = hashes["tags.env.zone"]
    assert ab == ab_escaped
    assert n == n_string == n_escaped == n_array
    assert null == empty == 0
    assert len({ab, n, other, 0}) == 4


def test_hashes_never_change() -> None:
    hashes = Job().read(_record('"tags.env.zone":"AAL"')).hashes["tags.env.zone"]
    assert hashes == [4095924576300112022]
