"""Tables of fields: types, unknown names, nesting of errors, strict and lenient."""

from typing import Any

import pytest

from sidecar.errors import BadRequestError, IllegalArgumentError, XContentParseError
from sidecar.xcontent import (
    BOOLEAN,
    DOUBLE,
    INT,
    LONG,
    MAP,
    STRING,
    STRING_ARRAY,
    STRING_OR_NULL,
    Field,
    ObjectParser,
    array_of,
    object_of,
)


def _even(number: int) -> int:
    if number % 2:
        raise BadRequestError(f"[{number}] is odd")
    return number


INNER = ObjectParser(
    "inner", [Field("even", LONG, _even), Field("odd_name", STRING)], lambda values: values
)
OUTER = ObjectParser(
    "outer",
    [
        Field("text", STRING),
        Field("maybe", STRING_OR_NULL),
        Field("flag", BOOLEAN),
        Field("count", INT),
        Field("total", LONG),
        Field("score", DOUBLE),
        Field("names", STRING_ARRAY, aliases=("labels",)),
        Field("settings", MAP),
        Field("inner", object_of(INNER)),
        Field("inners", array_of(INNER)),
    ],
    lambda values: values,
)


def chain(error: XContentParseError) -> list[str]:
    reasons, current = [], error
    while current is not None:
        reasons.append(current.reason)
        current = current.cause  # type: ignore[assignment]
    return reasons


@pytest.mark.parametrize(
    ("body", "values"),
    [
        pytest.param(b'{"text":"a"}', {"text": "a"}, id="string"),
        pytest.param(b'{"maybe":null}', {"maybe": None}, id="null"),
        pytest.param(b'{"flag":"true"}', {"flag": True}, id="boolean in a string"),
        pytest.param(b'{"flag":false}', {"flag": False}, id="boolean"),
        pytest.param(b'{"count":"7"}', {"count": 7}, id="number in a string"),
        pytest.param(b'{"total":1.9}', {"total": 1}, id="fraction is cut off"),
        pytest.param(b'{"total":"-1e3"}', {"total": -1000}, id="exponent in a string"),
        pytest.param(b'{"total":1e-400}', {"total": 0}, id="tiny"),
        pytest.param(b'{"score":"0.5"}', {"score": 0.5}, id="double in a string"),
        pytest.param(b'{"names":"a"}', {"names": ["a"]}, id="one name"),
        pytest.param(b'{"names":["a",1,true]}', {"names": ["a", "1", "true"]}, id="names"),
        pytest.param(b'{"labels":["a"]}', {"names": ["a"]}, id="alias"),
        pytest.param(b'{"inners":{"even":2}}', {"inners": [{"even": 2}]}, id="one object"),
        pytest.param(
            b'{"inners":[{"even":2},{}],"settings":{"a":{"b":[1]}}}',
            {"inners": [{"even": 2}, {}], "settings": {"a": {"b": [1]}}},
            id="objects",
        ),
    ],
)
def test_values_are_read_as_leniently_as_native_does(body: bytes, values: dict[str, Any]) -> None:
    assert OUTER.parse(body) == values


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        pytest.param(
            b"[]", ["[1:1] [outer] Expected START_OBJECT but was: START_ARRAY"], id="array"
        ),
        pytest.param(
            b'{"text":{}}',
            ["[1:9] [outer] text doesn't support values of type: START_OBJECT"],
            id="object for a string",
        ),
        pytest.param(
            b'{"text":5}',
            ["[1:9] [outer] text doesn't support values of type: VALUE_NUMBER"],
            id="number for a string",
        ),
        pytest.param(
            b'{"text":null}',
            ["[1:9] [outer] text doesn't support values of type: VALUE_NULL"],
            id="null for a string",
        ),
        pytest.param(
            b'{"flag":"yes"}',
            [
                "[1:9] [outer] failed to parse field [flag]",
                "Failed to parse value [yes] as only [true] or [false] are allowed.",
            ],
            id="no boolean",
        ),
        pytest.param(
            b'{"total":"many"}',
            ["[1:10] [outer] failed to parse field [total]", 'For input string: "many"'],
            id="no number",
        ),
        pytest.param(
            b'{"total":9223372036854775808}',
            [
                "[1:10] [outer] failed to parse field [total]",
                "[1:10] Numeric value (9223372036854775808) out of range of long "
                "(-9223372036854775808 - 9223372036854775807)",
            ],
            id="too large",
        ),
        pytest.param(
            b'{"count":"3000000000"}',
            [
                "[1:10] [outer] failed to parse field [count]",
                "Value [3000000000] is out of range for an integer",
            ],
            id="too large in a string",
        ),
        pytest.param(
            b'{"score":1e999}',
            ["[1:10] [outer] failed to parse field [score]", 'For input string: "1e999"'],
            id="infinite",
        ),
        pytest.param(
            b'{"names":[["a"]]}',
            [
                "[1:11] [outer] failed to parse field [names]",
                "expected value but got [START_ARRAY]",
            ],
            id="array in an array",
        ),
        pytest.param(
            b'{"names":[null]}',
            [
                "[1:11] [outer] failed to parse field [names]",
                "Can't get text on a VALUE_NULL at 1:11",
            ],
            id="null in an array",
        ),
        pytest.param(
            b'{"inner":\n  {"even":3}}',
            [
                "[2:11] [outer] failed to parse field [inner]",
                "[2:11] [inner] failed to parse field [even]",
                "[3] is odd",
            ],
            id="inner value",
        ),
        pytest.param(
            b'{"inners":[{"even":2},{"evn":2}]}',
            [
                "[1:30] [outer] failed to parse field [inners]",
                "[1:24] [inner] unknown field [evn] did you mean [even]?",
            ],
            id="unknown inner field",
        ),
        pytest.param(
            b'{"inner":{"even":2,"even":4}}',
            [
                "[1:18] [outer] failed to parse field [inner]",
                "[1:26] Duplicate field 'even'",
            ],
            id="duplicate inner field",
        ),
    ],
)
def test_errors_name_parser_place_and_cause(body: bytes, reasons: list[str]) -> None:
    with pytest.raises(XContentParseError) as caught:
        OUTER.parse(body)
    assert chain(caught.value) == reasons


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        pytest.param("txt", " did you mean [text]?", id="one"),
        pytest.param("innr", " did you mean any of [inner, inners]?", id="several, best first"),
        pytest.param("zzzzzz", "", id="none"),
        pytest.param("", "", id="empty"),
        pytest.param("x" * 10_000, "", id="far too long"),
    ],
)
def test_an_unknown_field_is_refused_with_a_proposal(name: str, proposal: str) -> None:
    with pytest.raises(XContentParseError) as caught:
        OUTER.parse(b'{"' + name.encode() + b'":1}')
    assert caught.value.reason == f"[1:2] [outer] unknown field [{name}]{proposal}"


def test_lenient_parsing_skips_unknown_fields_on_every_level() -> None:
    document = {"new": {"a": [{"b": 1}]}, "text": "a", "inner": {"newer": [1, [2]], "even": 2}}
    assert OUTER.parse_document(document) == {"text": "a", "inner": {"even": 2}}


def test_lenient_parsing_still_checks_types() -> None:
    with pytest.raises(XContentParseError, match="text doesn't support values of type"):
        OUTER.parse_document({"text": []})


# --- objects that cannot be made without some of their fields ---------------------------------


def _ordered(values: Any) -> None:
    if values.get("low", 0) > values.get("high", 9):
        raise BadRequestError("low is above high")


RANGE = ObjectParser(
    "range",
    [
        Field("low", LONG, required=True),
        Field("high", LONG, argument=True),
        Field("step", LONG, _even),
    ],
    lambda values: values,
    check=_ordered,
)


def test_a_missing_required_field_is_an_error() -> None:
    with pytest.raises(IllegalArgumentError, match=r"^Required \[low\]$"):
        RANGE.parse(b'{"high":1}')


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        pytest.param(
            b'{"low":5,"high":1}',
            [
                "[1:17] [range] failed to parse field [high]",
                "Failed to build [range] after last required field arrived",
                "low is above high",
            ],
            id="checked when the last argument arrives",
        ),
        pytest.param(
            b'{"low":10}',
            ["Failed to build [range] after last required field arrived", "low is above high"],
            id="checked at the end when an optional one is missing",
        ),
        pytest.param(
            b'{"step":3,"low":1,"high":2}',
            [
                "[1:26] [range] failed to parse field [high]",
                "[1:9] failed to build [range] after last required field arrived",
                "[1:9] [range] failed to parse field [step]",
                "[3] is odd",
            ],
            id="other fields wait for the arguments",
        ),
        pytest.param(
            b'{"low":1,"high":2,"step":3}',
            ["[1:26] [range] failed to parse field [step]", "[3] is odd"],
            id="or come after them",
        ),
    ],
)
def test_objects_with_arguments_fail_as_native_ones(body: bytes, reasons: list[str]) -> None:
    with pytest.raises(XContentParseError) as caught:
        RANGE.parse(body)
    assert chain(caught.value) == reasons


def test_an_object_with_its_arguments_is_built() -> None:
    assert RANGE.parse(b'{"step":2,"low":1}') == {"low": 1, "step": 2}
