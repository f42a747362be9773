"""Parameters of posting data and of flushing. Times are epoch milliseconds, whole seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sidecar import messages
from sidecar.errors import BadRequestError, IllegalArgumentError
from sidecar.schema.request_parameters import (
    Query,
    boolean_parameter,
    parse_time_range,
    time_parameter,
)
from sidecar.xcontent import BOOLEAN, STRING, TEXT, Field, ObjectParser

_SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class FlushParameters:
    """What a flush shall do, member for member what the runtime takes."""

    calc_interim: bool = False
    start: int | None = None
    end: int | None = None
    advance_time: int | None = None
    skip_time: int | None = None


_TIMES = ("start", "end", "advance_time", "skip_time")
_FLUSH_PARSER = ObjectParser(
    "cluster:admin/xpack/ml/job/flush",
    [
        Field("job_id", STRING),
        Field("calc_interim", BOOLEAN),
        *(Field(name, TEXT) for name in _TIMES),
    ],
    dict[str, Any],
)


def parse_flush(body: bytes, query: Query, *, now_ms: int) -> FlushParameters:
    """Parameters of a flush; the body may be empty.

    A start without end means the second there. Raises MlError (400).
    """
    given = _FLUSH_PARSER.parse(body) if body.strip() else {}
    calc_interim = boolean_parameter(query, "calc_interim", given.get("calc_interim", False))
    texts = {name: query.get(name, given.get(name)) or None for name in _TIMES}
    start, end = _second_range(texts["start"], texts["end"], now_ms)
    _check_combination(texts, calc_interim=calc_interim)
    advance = _whole_second(time_parameter("advance_time", texts["advance_time"], now_ms))
    skip = _whole_second(time_parameter("skip_time", texts["skip_time"], now_ms))
    if advance is not None and skip is not None and advance <= skip:
        text = messages.advance_before_skip(str(texts["advance_time"]), str(texts["skip_time"]))
        raise BadRequestError(text)
    return FlushParameters(calc_interim, start, end, advance, skip)


def parse_reset_range(query: Query, *, now_ms: int) -> tuple[int, int] | None:
    """The buckets to reset before an upload, [start, end); None without `reset_start`.

    Raises MlError (400).
    """
    start, end = _second_range(query.get("reset_start"), query.get("reset_end"), now_ms)
    return None if start is None or end is None else (start, end)


def _second_range(start: str | None, end: str | None, now_ms: int) -> tuple[int | None, int | None]:
    """Both ends on whole seconds; without an end, one second."""
    first, last = map(_whole_second, parse_time_range(start, end, now_ms))
    if first is not None and (last is None or last == first):
        last = first + _SECOND_MS
    return first, last


def _whole_second(epoch_ms: int | None) -> int | None:
    return None if epoch_ms is None else epoch_ms - epoch_ms % _SECOND_MS


def _check_combination(texts: dict[str, str | None], *, calc_interim: bool) -> None:
    if calc_interim:
        if texts["end"] and not texts["start"]:
            raise IllegalArgumentError(messages.flush_missing("start"))
        return
    for name in ("start", "end"):
        if texts[name]:
            raise IllegalArgumentError(messages.flush_unexpected(name))
