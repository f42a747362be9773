"""An HTTP worker that gives callers a second, and an application that says what it was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sidecar.api.http_worker import HttpWorker
from sidecar.api.paced_socket import Patience

THREADS = 2


class ImpatientWorker(HttpWorker):
    """As the sidecar's, in a hurry."""

    patience = Patience(head_s=1.0, pause_s=1, grace_s=1.0, bytes_per_s=1e6)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the size of the body, or with as many bytes as the query says."""
    wanted = int(environ["QUERY_STRING"] or 0)
    body = b"a" * wanted if wanted else str(len(environ["wsgi.input"].read())).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
