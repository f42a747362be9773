"""Parameters of requests, from query and body: a query parameter wins over the body.

Values of a query are texts; those of a body have JSON types. Both lead to the same errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar import messages
from sidecar.errors import IllegalArgumentError, ParseError
from sidecar.schema.dates import parse_date_maths
from sidecar.schema.units import TimeValue, parse_time_value
from sidecar.xcontent import BOOLEAN, STRING, Field, ObjectParser, parse_boolean

Query = Mapping[str, str]

DEFAULT_TIMEOUT = TimeValue(30 * 60 * 1000, "30m")
_MAX_INT = 2**31


# --- single parameters ----------------------------------------------------------------------


def boolean_parameter(query: Query, name: str, default: bool) -> bool:
    """A boolean of the query; naming it without a value means true.

    Raises IllegalArgumentError.
    """
    text = query.get(name)
    if text is None:
        return default
    return text == "" or parse_boolean(text)


def int_parameter(query: Query, name: str) -> int | None:
    """A whole number of the query, None when it is not there; raises IllegalArgumentError."""
    text = query.get(name)
    if text is None:
        return None
    try:
        number = int(text) if "_" not in text else _MAX_INT
    except ValueError:
        number = _MAX_INT
    if not -_MAX_INT <= number < _MAX_INT:
        cause = IllegalArgumentError(messages.invalid_number(text))
        raise IllegalArgumentError(messages.invalid_int_parameter(name, text), cause=cause)
    return number


def duration_parameter(query: Query, name: str, default: TimeValue) -> TimeValue:
    """A duration of the query; raises IllegalArgumentError."""
    text = query.get(name)
    return default if text is None else parse_time_value(text, name)


def time_parameter(name: str, text: str | None, now_ms: int) -> int | None:
    """Epoch milliseconds of a time; None when it is absent or empty.

    ISO 8601, epoch seconds (at most 10 digits) or milliseconds, `now`, date maths. Raises
    ParseError, also for times before 1970.
    """
    if not text:
        return None
    epoch_ms = parse_date_maths(text, now_ms)
    if epoch_ms is None or epoch_ms < 0:
        raise ParseError(messages.invalid_date_parameter(name, text))
    return epoch_ms


def parse_time_range(
    start: str | None, end: str | None, now_ms: int, *, prefix: str = ""
) -> tuple[int | None, int | None]:
    """Epoch milliseconds of both ends; raises ParseError, IllegalArgumentError (end < start).

    `prefix` goes before `start` and `end` in errors.
    """
    first = time_parameter(f"{prefix}start", start, now_ms)
    last = time_parameter(f"{prefix}end", end, now_ms)
    if first is not None and last is not None and last < first:
        raise IllegalArgumentError(messages.start_after_end(str(end), str(start)))
    return first, last


# --- open, close ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenParameters:
    """Parameters of opening a job."""

    timeout: TimeValue = DEFAULT_TIMEOUT


@dataclass(frozen=True, slots=True)
class CloseParameters:
    """Parameters of closing jobs."""

    force: bool = False
    allow_no_match: bool = True
    timeout: TimeValue = DEFAULT_TIMEOUT


def _timeout(text: str) -> TimeValue:
    return parse_time_value(text, "timeout")


_OPEN_PARSER = ObjectParser(
    "xpack/ml/job", [Field("job_id", STRING), Field("timeout", STRING, _timeout)], dict[str, Any]
)
_CLOSE_PARSER = ObjectParser(
    "cluster:admin/xpack/ml/job/close",
    [
        Field("job_id", STRING),
        Field("timeout", STRING, _timeout),
        Field("force", BOOLEAN),
        Field("allow_no_match", BOOLEAN, aliases=("allow_no_jobs",)),
    ],
    dict[str, Any],
)


def parse_open(body: bytes, query: Query) -> OpenParameters:
    """Parameters of opening a job; the body may be empty; raises MlError (400)."""
    # Native ignores what it does not know in this body, so do we.
    given = _OPEN_PARSER.parse(body, strict=False) if body.strip() else {}
    timeout = duration_parameter(query, "timeout", given.get("timeout", DEFAULT_TIMEOUT))
    return OpenParameters(timeout)


def parse_close(body: bytes, query: Query) -> CloseParameters:
    """Parameters of closing jobs; the body may be empty; raises MlError (400)."""
    given = _CLOSE_PARSER.parse(body) if body.strip() else {}
    allow = boolean_parameter(query, "allow_no_jobs", given.get("allow_no_match", True))
    return CloseParameters(
        force=boolean_parameter(query, "force", given.get("force", False)),
        allow_no_match=boolean_parameter(query, "allow_no_match", allow),
        timeout=duration_parameter(query, "timeout", given.get("timeout", DEFAULT_TIMEOUT)),
    )
