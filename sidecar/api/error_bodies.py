"""Errors as Elasticsearch writes them: the only place that builds an error body."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar import messages
from sidecar.errors import (
    MethodNotAllowedError,
    MlError,
    NotAcceptableError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
    UpstreamError,
)

# Elasticsearch answers these with a sentence where other errors have an object.
_SENTENCES = (MethodNotAllowedError, NotAcceptableError)
# Headers that an answer of this kind must have, when whoever raised it knew no better value.
_DEFAULT_HEADERS: tuple[tuple[type[MlError], Mapping[str, str]], ...] = (
    (UnauthorizedError, {"WWW-Authenticate": 'Basic realm="security", charset="UTF-8"'}),
    (TooManyRequestsError, {"Retry-After": "5"}),
    (UnavailableError, {"Retry-After": "5"}),
)


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """Status, body and headers of an error."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def error_answer(error: MlError, *, with_trace: bool = False) -> ErrorAnswer:
    """How an error is answered; `with_trace` adds where in the code it was raised."""
    if isinstance(error, UpstreamError):
        return ErrorAnswer(error.upstream_status, error.body, error.headers)
    headers: dict[str, str] = {}
    for kind, defaults in _DEFAULT_HEADERS:
        if isinstance(error, kind):
            headers.update(defaults)
    headers.update(error.headers)
    if isinstance(error, _SENTENCES):
        return ErrorAnswer(error.status, {"error": error.reason, "status": error.status}, headers)
    trace = "".join(traceback.format_exception(error)) if with_trace else None
    # Of wrong secondary credentials the root is what is wrong with them.
    root = error.cause if isinstance(error.cause, UnauthorizedError) else error
    body = _body(error.status, error.as_cause(), trace, root=root.as_cause())
    return ErrorAnswer(error.status, body, headers)


def plain_answer(status: int, error_type: str, reason: str) -> ErrorAnswer:
    """An error that is not one of ours: the web framework's, or a defect."""
    return ErrorAnswer(status, _body(status, {"type": error_type, "reason": reason}, None))


def no_handler_answer(uri: str, method: str) -> ErrorAnswer:
    """The path is not served."""
    return ErrorAnswer(400, {"error": messages.no_handler(uri, method)})


def _body(
    status: int,
    detail: Mapping[str, Any],
    trace: str | None,
    *,
    root: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    root_cause = {k: v for k, v in (detail if root is None else root).items() if k != "caused_by"}
    if trace is not None:
        root_cause["stack_trace"] = trace
        detail = {**detail, "stack_trace": trace}
    return {"error": {"root_cause": [root_cause], **detail}, "status": status}
