"""The connection to Elasticsearch, and its faults as our errors."""

from __future__ import annotations

import logging
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import urllib3
from elastic_transport import (
    ApiResponseMeta,
    BaseNode,
    HttpHeaders,
    Serializer,
    Transport,
    TransportApiResponse,
    Urllib3HttpNode,
)
from elasticsearch import (
    ApiError,
    Elasticsearch,
    SerializationError,
    TransportError,
    UnsupportedProductError,
)

from sidecar import codec
from sidecar.errors import (
    MlError,
    TooManyRequestsError,
    UnavailableError,
    UpstreamError,
    VersionConflictError,
)
from sidecar.settings import Settings
from sidecar.storage.tls import client_context
from sidecar.storage.tls import node_class as verifying_node_class

logger = logging.getLogger(__name__)

_JSON = "application/vnd.elasticsearch+json"
# How long a caller should wait before trying again, in seconds.
RETRY_AFTER = {"Retry-After": "5"}
_BUSY = 429
_AWAY = (502, 503, 504)
_REFUSED = (401, 403)


class Connection:
    """Clients of one cluster, made on first use in each process: sockets never cross a fork.

    Parameters
    ----------
    settings : Settings
        Addresses, the sidecar's own account, TLS and patience.
    node_class : type
        What carries one request to one host.

    Raises
    ------
    SettingsError
        If a file for TLS is wrong.
    """

    def __init__(self, settings: Settings, *, node_class: type[BaseNode] = Urllib3HttpNode) -> None:
        self._settings = settings
        self._node_class = node_class
        # Here, so that a wrong file is told at the start.
        self._tls = client_context(settings) if "https:" in settings.elasticsearch_url else None
        self._lock = threading.Lock()
        self._pid = 0
        self._clients: dict[bool, Elasticsearch] = {}

    @property
    def client(self) -> Elasticsearch:
        """The client that acts as the sidecar's own account."""
        return self._client(own_account=True)

    @property
    def client_without_account(self) -> Elasticsearch:
        """A client for calls that carry a caller's headers; it has no credentials of its own."""
        return self._client(own_account=False)

    def close(self) -> None:
        """Close the sockets of this process; the next use opens new ones."""
        with self._lock:
            if self._pid == os.getpid():
                for client in self._clients.values():
                    client.close()
            self._clients = {}

    def _client(self, *, own_account: bool) -> Elasticsearch:
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._clients = os.getpid(), {}
            if own_account not in self._clients:
                self._clients[own_account] = _make_client(
                    self._settings, own_account, self._node_class, self._tls
                )
            return self._clients[own_account]


def _make_client(
    settings: Settings,
    own_account: bool,
    node_class: type[BaseNode],
    tls: ssl.SSLContext | None,
) -> Elasticsearch:
    hosts = [_with_port(host) for host in settings.elasticsearch_url.split(",") if host.strip()]
    options: dict[str, Any] = {}
    if own_account and settings.elasticsearch_api_key:
        options["api_key"] = settings.elasticsearch_api_key
    elif own_account and settings.elasticsearch_username:
        options["basic_auth"] = (
            settings.elasticsearch_username,
            settings.elasticsearch_password,
        )
    if tls is not None:
        options["ssl_context"] = tls
        if node_class is Urllib3HttpNode:
            node_class = verifying_node_class(settings)
        # Who switched verification off said so in the settings; a warning per request adds nothing.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return Elasticsearch(
        hosts,
        request_timeout=settings.elasticsearch_timeout_ms / 1000,
        # A dead host: the next one is tried at once. Everything else is `Retries`' business.
        max_retries=len(hosts) - 1,
        retry_on_status=(),
        retry_on_timeout=False,
        connections_per_node=settings.threads + 4,
        node_class=node_class,
        transport_class=_QuietTransport,
        serializers={_JSON: _CodecSerializer()},
        **options,
    )


def _with_port(host: str) -> str:
    """Add the default port of the scheme, which the client wants to be told."""
    url = host.strip().rstrip("/")
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    # A bracketed IPv6 address has colons of its own.
    if ":" not in authority.rpartition("]")[2]:
        authority += ":443" if scheme == "https" else ":9200"
    return f"{scheme}://{authority}{slash}{path}"


class _CodecSerializer(Serializer):
    """JSON through `sidecar.codec`, several times as fast as the client's own."""

    mimetype = _JSON

    def loads(self, data: bytes) -> Any:
        try:
            return codec.loads(data)
        except codec.DecodeError as error:
            raise SerializationError(
                message="Elasticsearch answered something that is not JSON", errors=(error,)
            ) from error

    def dumps(self, data: Any) -> bytes:
        if isinstance(data, (bytes, str)):
            return data.encode() if isinstance(data, str) else data
        try:
            return codec.dumps(data)
        except (TypeError, ValueError) as error:
            raise SerializationError(message="cannot be JSON", errors=(error,)) from error


class _QuietTransport(Transport):
    """Keeps `Warning` headers (dot names, system indices) out of Python's warnings."""

    def perform_request(self, method: str, target: str, **options: Any) -> TransportApiResponse:
        response = super().perform_request(method, target, **options)
        meta = response.meta
        warning = meta.headers.get("warning")
        if warning is None:
            return response
        logger.debug("Elasticsearch warns about %s %s: %s", method, target, warning)
        headers = HttpHeaders({k: v for k, v in meta.headers.items() if k.lower() != "warning"})
        quiet = ApiResponseMeta(
            status=meta.status,
            http_version=meta.http_version,
            headers=headers,
            duration=meta.duration,
            node=meta.node,
        )
        return TransportApiResponse(quiet, response.body)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the client raises inside the block into `MlError`."""
    try:
        yield
    except ApiError as error:
        raise to_ml_error(error) from error
    except TransportError as error:
        raise connection_error(error) from error


def to_ml_error(error: ApiError) -> MlError:
    """Map an error answer to calls that the sidecar makes as itself.

    429 and 5xx say "later", 409 is a lost race, and 401 or 403 are no fault of the caller's: the
    sidecar's own account is wrong. Everything else keeps its status and body.
    """
    status, body = error.status_code, error_body(error)
    reason = error_reason(error)
    if isinstance(error, UnsupportedProductError):
        return UnavailableError(f"what answers is not Elasticsearch: {reason}", headers=RETRY_AFTER)
    if status == _BUSY:
        return TooManyRequestsError(reason, headers=RETRY_AFTER)
    if status in _AWAY:
        return UnavailableError(f"Elasticsearch is not available: {reason}", headers=RETRY_AFTER)
    if status in _REFUSED:
        logger.error("Elasticsearch refuses the sidecar's own account: %s", reason)
        return UnavailableError(
            f"Elasticsearch refuses the sidecar's own account: {reason}", headers=RETRY_AFTER
        )
    if error_type(error) == VersionConflictError.type:
        return VersionConflictError(reason)
    return UpstreamError(status, body)


def connection_error(error: TransportError) -> UnavailableError:
    """Nobody answered, or too late, or not in JSON."""
    return UnavailableError(
        f"Elasticsearch cannot be reached: {error.message}", headers=RETRY_AFTER
    )


def error_body(error: ApiError) -> dict[str, Any]:
    """Give the body of an error answer in Elasticsearch's shape, whoever sent it."""
    if isinstance(error.body, dict) and "error" in error.body:
        return error.body
    cause = {"type": "exception", "reason": str(error.body)[:1000]}
    return {"error": {"root_cause": [cause], **cause}, "status": error.status_code}


def error_type(error: ApiError) -> str:
    """Give the `type` of an error answer, `exception` when it has none."""
    found = error_body(error)["error"]
    return str(found.get("type", "exception")) if isinstance(found, Mapping) else "exception"


def error_reason(error: ApiError) -> str:
    """Give the sentence of an error answer."""
    found = error_body(error)["error"]
    return str(found.get("reason", "")) if isinstance(found, Mapping) else str(found)
