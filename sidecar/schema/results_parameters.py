"""Parameters of reading buckets, records and influencers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar import messages
from sidecar.errors import IllegalArgumentError
from sidecar.schema.request_parameters import (
    Query,
    boolean_parameter,
    int_parameter,
    parse_time_range,
    time_parameter,
)
from sidecar.xcontent import (
    BOOLEAN,
    DOUBLE,
    INT,
    STRING,
    Field,
    ObjectParser,
    Token,
    ValueType,
    object_of,
    parse_double,
)

DEFAULT_SIZE = 100
# How an open end of the time range may be written.
_OPEN = ("", "-1")


@dataclass(frozen=True, slots=True)
class ResultsParameters:
    """Which results to read, and in what order.

    Times are epoch milliseconds, `start` inclusive, `end` exclusive; `threshold` is the least
    score. `expand` is about buckets only: whether they carry their records.
    """

    start: int | None = None
    end: int | None = None
    timestamp: int | None = None
    threshold: float = 0.0
    exclude_interim: bool = False
    from_: int = 0
    size: int = DEFAULT_SIZE
    sort: str = "timestamp"
    descending: bool = False
    expand: bool = False

    def query_members(self) -> dict[str, Any]:
        """All members but `expand`: those of a query to the results."""
        members = dataclasses.asdict(self)
        del members["expand"]
        return members


@dataclass(frozen=True, slots=True)
class _Kind:
    """What differs between the three."""

    parser: ObjectParser[dict[str, Any]]
    threshold: str
    sort: str
    descending: bool


def _check_page(values: Mapping[str, int]) -> None:
    for name in ("from", "size"):
        if values.get(name, 0) < 0:
            raise IllegalArgumentError(messages.negative_page(name))


_PAGE_PARSER: ObjectParser[dict[str, int]] = ObjectParser(
    "page",
    [Field("from", INT, argument=True), Field("size", INT, argument=True)],
    dict[str, int],
    check=_check_page,
)
_TIME_TEXT = ValueType(
    frozenset((Token.VALUE_STRING, Token.VALUE_NUMBER, Token.VALUE_NULL)),
    lambda cursor, _strict: None if cursor.token is Token.VALUE_NULL else cursor.text(),
)


def _kind(name: str, threshold: str, sort: str, *, descending: bool, own: list[Field]) -> _Kind:
    fields = [
        Field("job_id", STRING),
        Field("start", _TIME_TEXT),
        Field("end", _TIME_TEXT),
        Field("exclude_interim", BOOLEAN),
        Field("page", object_of(_PAGE_PARSER)),
        Field(threshold, DOUBLE),
        Field("sort", STRING),
        Field("desc", BOOLEAN),
        *own,
    ]
    parser = ObjectParser(
        f"cluster:monitor/xpack/ml/job/results/{name}/get", fields, dict[str, Any]
    )
    return _Kind(parser, threshold, sort, descending)


_KINDS = {
    "buckets": _kind(
        "buckets",
        "anomaly_score",
        "timestamp",
        descending=False,
        own=[Field("timestamp", _TIME_TEXT), Field("expand", BOOLEAN)],
    ),
    "records": _kind("records", "record_score", "record_score", descending=True, own=[]),
    "influencers": _kind(
        "influencers", "influencer_score", "influencer_score", descending=True, own=[]
    ),
}


def parse_results_query(
    kind: str, body: bytes, query: Query, *, now_ms: int, timestamp: str | None = None
) -> ResultsParameters:
    """Parameters of a request for results.

    Parameters
    ----------
    kind : str
        `buckets`, `records` or `influencers`.
    body : bytes
        JSON, or empty.
    query : mapping
        Query parameters; others than the known ones are not looked at.
    now_ms : int
        Epoch milliseconds, for `now` in times.
    timestamp : str, optional
        The time of a single bucket, from the path.

    Raises
    ------
    MlError
        Status 400.
    """
    form = _KINDS[kind]
    given = form.parser.parse(body) if body.strip() else {}
    if kind == "buckets":
        timestamp = timestamp or query.get("timestamp") or given.get("timestamp")
    if timestamp:
        _check_single_bucket(given, query)
    start, end = (query.get(name, given.get(name)) for name in ("start", "end"))
    first, last = parse_time_range(_closed(start), _closed(end), now_ms)
    page = {**given.get("page", {}), **_query_page(query)}
    return ResultsParameters(
        start=first,
        end=last,
        timestamp=time_parameter("timestamp", timestamp, now_ms),
        threshold=_threshold(form.threshold, given, query),
        exclude_interim=_flag("exclude_interim", given, query),
        from_=page.get("from", 0),
        size=page.get("size", DEFAULT_SIZE),
        sort=query.get("sort") or given.get("sort") or form.sort,
        descending=_flag("desc", given, query, default=form.descending),
        expand=kind == "buckets" and _flag("expand", given, query),
    )


def _check_single_bucket(given: Mapping[str, Any], query: Query) -> None:
    if any(name in given for name in ("page", "start", "end", "anomaly_score")):
        raise IllegalArgumentError(messages.timestamp_is_incompatible())
    if "from" in query or "size" in query:
        raise IllegalArgumentError(messages.incompatible_with_timestamp("from, size"))
    for name in ("start", "end", "anomaly_score"):
        if name in query:
            raise IllegalArgumentError(messages.incompatible_with_timestamp(name))


def _closed(text: str | None) -> str | None:
    return None if text in _OPEN else text


def _query_page(query: Query) -> dict[str, int]:
    page = {
        name: number
        for name in ("from", "size")
        if (number := int_parameter(query, name)) is not None
    }
    _check_page(page)
    return page


def _threshold(name: str, given: Mapping[str, Any], query: Query) -> float:
    if name in query:
        return parse_double(query[name])
    score: float = given.get(name, 0.0)
    return score


def _flag(name: str, given: Mapping[str, Any], query: Query, *, default: bool = False) -> bool:
    return boolean_parameter(query, name, given.get(name, default))
