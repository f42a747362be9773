"""The errors a caller can meet: one class per Elasticsearch error type.

Each class fixes the HTTP status and the `type` that clients of Elasticsearch switch on;
`sidecar.api.error_handlers` is the one place that turns them into JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class MlError(Exception):
    """Root of everything that is answered to a caller as an error.

    Parameters
    ----------
    reason : str
        The sentence a user reads; texts come from `sidecar.messages`.
    cause : MlError, optional
        Rendered as `caused_by`.
    metadata : mapping, optional
        Extra members of the error object (for example `line` and `col`, or `resource.id`).
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "exception"

    def __init__(
        self,
        reason: str,
        *,
        cause: MlError | None = None,
        metadata: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause
        self.metadata = dict(metadata or {})
        self.headers = dict(headers or {})

    def as_cause(self) -> dict[str, Any]:
        """The error object: type, reason, metadata and the chain of causes."""
        cause: dict[str, Any] = {"type": self.type, "reason": self.reason, **self.metadata}
        if self.cause is not None:
            cause["caused_by"] = self.cause.as_cause()
        return cause


class IllegalArgumentError(MlError):
    """The request asks for something that cannot be."""

    status = 400
    type = "illegal_argument_exception"


class BadRequestError(MlError):
    """The request is understood and refused (`status_exception`, 400)."""

    status = 400
    type = "status_exception"


class XContentParseError(MlError):
    """A body that is JSON but not of the form asked for; knows line and column."""

    status = 400
    type = "x_content_parse_exception"


class ParseError(MlError):
    """A value or body that cannot be read at all (`parse_exception`)."""

    status = 400
    type = "parse_exception"


class ResourceAlreadyExistsError(MlError):
    """The id is taken."""

    status = 400
    type = "resource_already_exists_exception"


class SearchPhaseError(MlError):
    """Elasticsearch refused a search that the caller's parameters made."""

    status = 400
    type = "search_phase_execution_exception"


class UnauthorizedError(MlError):
    """No or wrong credentials."""

    status = 401
    type = "security_exception"


class ForbiddenError(MlError):
    """The caller lacks a privilege."""

    status = 403
    type = "security_exception"


class ResourceNotFoundError(MlError):
    """No such job, snapshot, calendar, …."""

    status = 404
    type = "resource_not_found_exception"


class MethodNotAllowedError(MlError):
    """The path exists, the verb does not; `headers` carries Allow."""

    status = 405
    type = "illegal_argument_exception"


class NotAcceptableError(MlError):
    """A media type that is not served (406)."""

    status = 406
    type = "media_type_header_exception"


class RequestTimeoutError(MlError):
    """The operation did not finish within the caller's timeout; it may still go on."""

    status = 408
    type = "status_exception"


class ConflictError(MlError):
    """The resource is in a state that does not allow the operation (409)."""

    status = 409
    type = "status_exception"


class CredentialsLostError(ConflictError):
    """No stored credentials that could be used: who updates the datafeed or job renews them."""


class OwnerRefusedError(ForbiddenError):
    """Elasticsearch refuses the owner of background work, or no longer knows that user."""


class JobFailedError(ConflictError):
    """The analysis of an open job died; its task becomes `failed`."""


class VersionConflictError(MlError):
    """A compare-and-set lost against another writer (409)."""

    status = 409
    type = "version_conflict_engine_exception"


class ContentTooLargeError(MlError):
    """The body is over the limit (413)."""

    status = 413
    type = "content_too_long_exception"


class TooManyRequestsError(MlError):
    """The bounded queue is full; `headers` carries Retry-After."""

    status = 429
    type = "es_rejected_execution_exception"


class UnavailableError(MlError):
    """Elasticsearch or the job's process cannot be reached now; `headers` carries Retry-After."""

    status = 503
    type = "unavailable_shards_exception"


class UpstreamError(MlError):
    """What Elasticsearch answered, passed through unchanged.

    Parameters
    ----------
    status : int
        HTTP status of the answer.
    body : mapping
        Its whole JSON body (`error`, `status`), rendered as it is.
    """

    type = "exception"

    def __init__(
        self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        error = body.get("error")
        reason = error.get("reason", "") if isinstance(error, Mapping) else str(error)
        super().__init__(str(reason), headers=headers)
        self.upstream_status = status
        self.body = dict(body)

    def as_cause(self) -> dict[str, Any]:
        """The error object as Elasticsearch wrote it."""
        error = self.body.get("error")
        if not isinstance(error, Mapping):
            return super().as_cause()
        return {name: value for name, value in error.items() if name != "root_cause"}
