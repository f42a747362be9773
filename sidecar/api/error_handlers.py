"""Whatever goes wrong while a request is served becomes an answer here."""

from __future__ import annotations

import logging
import re

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from sidecar import messages
from sidecar.api.error_bodies import (
    ErrorAnswer,
    error_answer,
    no_handler_answer,
    plain_answer,
)
from sidecar.api.media_types import JSON
from sidecar.api.rendering import Presentation
from sidecar.errors import (
    ContentTooLargeError,
    ForbiddenError,
    MethodNotAllowedError,
    MlError,
    UnauthorizedError,
)

logger = logging.getLogger(__name__)

# Verbs in the order in which Elasticsearch lists them.
_VERBS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH")
_SERVER_ERROR = 500
_REFUSED_REQUEST = re.compile(r"(?<=for REST request )\[[^\]]*\]")


def register_error_handlers(app: Flask) -> None:
    """Answer every error in the shape of Elasticsearch."""

    def handle(error: Exception) -> Response:
        if isinstance(error, MethodNotAllowed):
            allowed = [verb for verb in _VERBS if verb in (error.valid_methods or ())]
            if request.method == "OPTIONS":
                return Response(headers={"Allow": ",".join(allowed)}, content_type="text/plain")
            error = MethodNotAllowedError(
                messages.method_not_allowed(request_uri(), request.method, allowed),
                headers={"Allow": ",".join(allowed)},
            )
        return _respond(_answer(error))

    app.register_error_handler(Exception, handle)


def request_uri() -> str:
    """Path and query as the caller wrote them."""
    query = request.query_string.decode("ascii", "replace")
    return f"{request.path}?{query}" if query else request.path


def _answer(error: Exception) -> ErrorAnswer:
    if isinstance(error, MlError):
        if isinstance(error, UnauthorizedError):
            # Elasticsearch names the request it refused: ours, on behalf of the caller's.
            for each in (error, error.cause):
                if each is not None:
                    each.reason = _REFUSED_REQUEST.sub(lambda _: f"[{request_uri()}]", each.reason)
        if isinstance(error, UnauthorizedError | ForbiddenError):
            g.refusal = error.reason
        presentation: Presentation = g.get("presentation", Presentation())
        answer = error_answer(error, with_trace=presentation.error_trace)
        if answer.status >= _SERVER_ERROR:
            logger.warning("answered %d: %s", answer.status, error.reason, extra=_context())
        return answer
    if isinstance(error, NotFound):
        return no_handler_answer(request_uri(), request.method)
    if isinstance(error, RequestEntityTooLarge):
        return error_answer(ContentTooLargeError(error.description or ""))
    if isinstance(error, HTTPException):
        status = error.code or _SERVER_ERROR
        return plain_answer(status, "illegal_argument_exception", error.description or error.name)
    context = _context()
    logger.error("unexpected error", exc_info=error, extra=context)
    reason = messages.unexpected_error(context["trace.id"])
    return plain_answer(_SERVER_ERROR, "exception", reason)


def _respond(answer: ErrorAnswer) -> Response:
    presentation: Presentation = g.get("presentation", Presentation())
    return Response(
        presentation.render_error(answer.body),
        status=answer.status,
        headers=dict(answer.headers),
        content_type=g.get("answer_type", JSON),
    )


def _context() -> dict[str, str]:
    return {
        "trace.id": g.get("trace_id", ""),
        "http.request.method": request.method,
        "url.path": request.path,
    }
