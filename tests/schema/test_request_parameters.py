"""Parameters come from query and body, and the query wins."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import BadRequestError, IllegalArgumentError, MlError, ParseError
from sidecar.interfaces import ResultsQuery
from sidecar.schema.data_parameters import FlushParameters, parse_flush, parse_reset_range
from sidecar.schema.request_parameters import (
    CloseParameters,
    boolean_parameter,
    int_parameter,
    parse_close,
    parse_open,
)
from sidecar.schema.results_parameters import ResultsParameters, parse_results_query

NOW = 1_700_000_000_123


def body_of(**members: Any) -> bytes:
    return json.dumps(members).encode() if members else b""


@pytest.mark.parametrize(
    ("query", "value"),
    [({}, False), ({"x": ""}, True), ({"x": "true"}, True), ({"x": "false"}, False)],
)
def test_booleans_of_a_query(query: dict[str, str], value: bool) -> None:
    assert boolean_parameter(query, "x", False) is value


@pytest.mark.parametrize("text", ["yes", "True", "1", " true"])
def test_other_booleans_are_refused(text: str) -> None:
    with pytest.raises(IllegalArgumentError) as caught:
        boolean_parameter({"x": text}, "x", False)
    assert caught.value.reason == (
        f"Failed to parse value [{text}] as only [true] or [false] are allowed."
    )


@pytest.mark.parametrize("text", ["x", "1.5", "1_0", "3000000000", "9" * 5000, ""])
def test_other_whole_numbers_are_refused(text: str) -> None:
    with pytest.raises(IllegalArgumentError) as caught:
        int_parameter({"from": text}, "from")
    assert caught.value.reason == f"Failed to parse int parameter [from] with value [{text}]"
    assert caught.value.cause is not None


# --- flush ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "query", "parameters"),
    [
        pytest.param(b"", {}, FlushParameters(), id="nothing"),
        pytest.param(b"{}", {"calc_interim": ""}, FlushParameters(calc_interim=True), id="flag"),
        pytest.param(
            body_of(calc_interim=True, start="100", end="200"),
            {},
            FlushParameters(calc_interim=True, start=100_000, end=200_000),
            id="body",
        ),
        pytest.param(
            body_of(calc_interim=True, start=100, end=200),
            {"end": "300"},
            FlushParameters(calc_interim=True, start=100_000, end=300_000),
            id="query wins",
        ),
        pytest.param(
            b"",
            {"calc_interim": "true", "start": "100"},
            FlushParameters(calc_interim=True, start=100_000, end=101_000),
            id="start alone",
        ),
        pytest.param(
            b"",
            {"skip_time": "2024-01-01", "advance_time": "now"},
            FlushParameters(advance_time=1_700_000_000_000 + 10**11, skip_time=1_704_067_200_000),
            id="times",
        ),
    ],
)
def test_flush_parameters(body: bytes, query: dict[str, str], parameters: FlushParameters) -> None:
    assert parse_flush(body, query, now_ms=NOW + 10**11) == parameters


@pytest.mark.parametrize(
    ("query", "kind", "reason"),
    [
        (
            {"start": "100"},
            IllegalArgumentError,
            "Invalid flush parameters: unexpected 'start'.",
        ),
        ({"end": "100"}, IllegalArgumentError, "Invalid flush parameters: unexpected 'end'."),
        (
            {"calc_interim": "true", "end": "100"},
            IllegalArgumentError,
            "Invalid flush parameters: 'start' has not been specified.",
        ),
        (
            {"calc_interim": "true", "start": "200", "end": "100"},
            IllegalArgumentError,
            "Invalid time range: end time '100' is earlier than start time '200'.",
        ),
        (
            {"advance_time": "100", "skip_time": "2024-01-01"},
            BadRequestError,
            "advance_time [100] must be later than skip_time [2024-01-01]",
        ),
        (
            {"advance_time": "100", "skip_time": "100"},
            BadRequestError,
            "advance_time [100] must be later than skip_time [100]",
        ),
        (
            {"advance_time": "soon"},
            ParseError,
            "Query param [advance_time] with value [soon] cannot be parsed as a date or "
            "converted to a number (epoch).",
        ),
        (
            {"skip_time": "-5"},
            ParseError,
            "Query param [skip_time] with value [-5] cannot be parsed as a date or "
            "converted to a number (epoch).",
        ),
    ],
)
def test_bad_flush_parameters(query: dict[str, str], kind: type[MlError], reason: str) -> None:
    for body, of_query in ((b"", query), (body_of(**query), {})):
        with pytest.raises(kind) as caught:
            parse_flush(body, of_query, now_ms=NOW)
        assert caught.value.reason == reason


def test_unknown_members_of_a_flush_are_refused() -> None:
    with pytest.raises(MlError) as caught:
        parse_flush(body_of(calc_interm=True), {}, now_ms=NOW)
    assert caught.value.reason == (
        "[1:2] [cluster:admin/xpack/ml/job/flush] unknown field [calc_interm] "
        "did you mean [calc_interim]?"
    )


# --- reset, open, close -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, None),
        ({"reset_end": "100"}, None),
        ({"reset_start": ""}, None),
        ({"reset_start": "100"}, (100_000, 101_000)),
        ({"reset_start": "100", "reset_end": "200"}, (100_000, 200_000)),
        ({"reset_start": "now"}, (1_700_000_000_000, 1_700_000_001_000)),
    ],
)
def test_reset_ranges(query: dict[str, str], expected: tuple[int, int] | None) -> None:
    assert parse_reset_range(query, now_ms=NOW) == expected


def test_reset_ranges_are_checked() -> None:
    with pytest.raises(ParseError, match=r"Query param \[start\] with value \[x\]"):
        parse_reset_range({"reset_start": "x"}, now_ms=NOW)
    with pytest.raises(IllegalArgumentError, match="end time '1' is earlier than start time '2'"):
        parse_reset_range({"reset_start": "2", "reset_end": "1"}, now_ms=NOW)


def test_timeouts_of_opening_come_from_query_or_body() -> None:
    assert parse_open(b"", {}).timeout.text == "30m"
    assert parse_open(body_of(timeout="1m", unknown=1), {}).timeout.text == "1m"
    assert parse_open(body_of(timeout="1m"), {"timeout": "2m"}).timeout.text == "2m"
    with pytest.raises(IllegalArgumentError, match="unit is missing or unrecognized"):
        parse_open(b"", {"timeout": "5"})


def test_close_parameters() -> None:
    assert parse_close(b"", {}) == CloseParameters()
    closed = parse_close(body_of(force=True, allow_no_jobs=False), {"timeout": "1h"})
    assert (closed.force, closed.allow_no_match, closed.timeout.seconds) == (True, False, 3600)
    assert parse_close(body_of(force=True), {"force": "false"}).force is False
    with pytest.raises(MlError, match="unknown field"):
        parse_close(body_of(forced=True), {})


# --- results ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "sort", "descending"),
    [
        ("buckets", "timestamp", False),
        ("records", "record_score", True),
        ("influencers", "influencer_score", True),
    ],
)
def test_results_have_native_defaults(kind: str, sort: str, descending: bool) -> None:
    parameters = parse_results_query(kind, b"", {}, now_ms=NOW)
    assert parameters == ResultsParameters(sort=sort, descending=descending)


def test_results_parameters_of_the_query_win_over_the_body() -> None:
    body = body_of(
        start="100",
        end=None,
        anomaly_score=10,
        exclude_interim=True,
        page={"from": 5, "size": 6},
        sort="anomaly_score",
        desc="true",
        expand=True,
    )
    parameters = parse_results_query(
        "buckets", body, {"start": "now-1h", "size": "7", "anomaly_score": "20.5"}, now_ms=NOW
    )
    assert parameters == ResultsParameters(
        start=NOW - 3_600_000,
        threshold=20.5,
        exclude_interim=True,
        from_=5,
        size=7,
        sort="anomaly_score",
        descending=True,
        expand=True,
    )


@pytest.mark.parametrize("text", ["-1", ""])
def test_an_end_of_the_range_may_be_open(text: str) -> None:
    parameters = parse_results_query("records", b"", {"start": text, "end": text}, now_ms=NOW)
    assert (parameters.start, parameters.end) == (None, None)


def test_expand_is_about_buckets() -> None:
    with pytest.raises(MlError, match="unknown field"):
        parse_results_query("records", body_of(expand=True), {}, now_ms=NOW)
    assert not parse_results_query("records", b"", {"expand": "true"}, now_ms=NOW).expand


def test_a_single_bucket_is_asked_for_by_path_or_body() -> None:
    by_path = parse_results_query("buckets", b"", {"expand": ""}, now_ms=NOW, timestamp="100")
    by_body = parse_results_query("buckets", body_of(timestamp="100", expand=True), {}, now_ms=NOW)
    assert by_path == by_body == ResultsParameters(timestamp=100_000, expand=True)


@pytest.mark.parametrize(
    ("body", "query", "reason"),
    [
        (
            body_of(start="1"),
            {},
            "Param [timestamp] is incompatible with [from,size,start,end,anomaly_score]",
        ),
        (
            body_of(page={"size": 1}),
            {},
            "Param [timestamp] is incompatible with [from,size,start,end,anomaly_score]",
        ),
        (b"", {"from": "1"}, "Param [from, size] is incompatible with [timestamp]."),
        (b"", {"start": "1"}, "Param [start] is incompatible with [timestamp]."),
        (b"", {"end": "1"}, "Param [end] is incompatible with [timestamp]."),
        (b"", {"anomaly_score": "1"}, "Param [anomaly_score] is incompatible with [timestamp]."),
    ],
)
def test_a_single_bucket_has_no_range(body: bytes, query: dict[str, str], reason: str) -> None:
    with pytest.raises(IllegalArgumentError) as caught:
        parse_results_query("buckets", body, query, now_ms=NOW, timestamp="100")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"from": "-1"}, "Parameter [from] cannot be < 0"),
        ({"size": "-5"}, "Parameter [size] cannot be < 0"),
        ({"size": "many"}, "Failed to parse int parameter [size] with value [many]"),
        ({"desc": "down"}, "Failed to parse value [down] as only [true] or [false] are allowed."),
        ({"record_score": "x"}, 'For input string: "x"'),
        ({"record_score": "NaN"}, 'For input string: "NaN"'),
        (
            {"start": "2024-01-01", "end": "2023-01-01"},
            "Invalid time range: end time '2023-01-01' is earlier than start time '2024-01-01'.",
        ),
        (
            {"start": "x"},
            "Query param [start] with value [x] cannot be parsed as a date or converted to a "
            "number (epoch).",
        ),
    ],
)
def test_bad_results_parameters(query: dict[str, str], reason: str) -> None:
    with pytest.raises(MlError) as caught:
        parse_results_query("records", b"", query, now_ms=NOW)
    assert (caught.value.status, caught.value.reason) == (400, reason)


def test_a_bad_page_of_the_body_is_refused() -> None:
    with pytest.raises(MlError) as caught:
        parse_results_query("records", body_of(page={"from": -1}), {}, now_ms=NOW)
    reasons, error = [], caught.value
    while error is not None:
        reasons.append(error.reason)
        error = error.cause  # type: ignore[assignment]
    assert reasons == [
        "[1:21] [cluster:monitor/xpack/ml/job/results/records/get] failed to parse field [page]",
        "Failed to build [page] after last required field arrived",
        "Parameter [from] cannot be < 0",
    ]


def test_members_fit_the_query_of_the_results_reader() -> None:
    parameters = parse_results_query("buckets", b"", {"size": "3", "expand": ""}, now_ms=NOW)
    assert ResultsQuery(**parameters.query_members()).size == 3


_VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.integers())
_NAMES = ["start", "end", "from", "size", "sort", "desc", "expand", "record_score", "page",
          "exclude_interim", "timestamp", "advance_time", "calc_interim"]  # fmt: skip


@given(
    st.sampled_from(["buckets", "records", "influencers"]),
    st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=3),
    st.dictionaries(st.sampled_from(_NAMES), st.text(max_size=8), max_size=3),
)
def test_any_parameters_are_accepted_or_refused_with_an_error_of_ours(
    kind: str, body: dict[str, Any], query: dict[str, str]
) -> None:
    for parse in (
        lambda: parse_results_query(kind, body_of(**body), query, now_ms=NOW),
        lambda: parse_flush(body_of(**body), query, now_ms=NOW),
        lambda: parse_close(body_of(**body), query),
    ):
        try:
            parse()
        except MlError as error:
            assert error.status == 400  # noqa: PT017
