"""An Elasticsearch that answers from a script, behind the real client and without a socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from elastic_transport import (
    ApiResponseMeta,
    BaseNode,
    ConnectionError,  # noqa: A004 - the client's own class, which is what a node raises
    HttpHeaders,
)
from elastic_transport._node import NodeApiResponse

from sidecar import codec
from sidecar.settings import Settings
from sidecar.storage.client import Connection


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it went over the wire."""

    host: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def lines(self) -> list[Any]:
        """The body as newline-delimited JSON."""
        return [codec.loads(line) for line in self.body.splitlines()]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `body` is sent as JSON unless it is bytes."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Script = Callable[[Request], Answer]
GONE = ConnectionError("Connection refused")


class ScriptedCluster:
    """Answers with `script`, else with the answers of `queue` in order; keeps the requests.

    An answer of None is a connection that breaks.
    """

    def __init__(self, *answers: Answer | None, script: Script | None = None) -> None:
        self.queue = list(answers)
        self.requests: list[Request] = []
        self._script = script

    def connection(self, settings: Settings | None = None) -> Connection:
        """Give a connection to this cluster."""
        cluster = self

        class ScriptedNode(BaseNode):
            _CLIENT_META_HTTP_CLIENT = ("sc", "1")

            def perform_request(
                self,
                method: str,
                target: str,
                body: bytes | None = None,
                headers: HttpHeaders | None = None,
                request_timeout: Any = None,
            ) -> NodeApiResponse:
                sent = {**self._headers, **(headers or {})}
                request = Request(self.host, method, target, sent, body or b"")
                return cluster.answer(request, self)

            def close(self) -> None:
                return

        return Connection(settings or Settings(), node_class=ScriptedNode)

    def answer(self, request: Request, node: BaseNode) -> NodeApiResponse:
        """Answer one request."""
        self.requests.append(request)
        answer = self._script(request) if self._script is not None else self.queue.pop(0)
        if answer is None:
            raise GONE
        data = answer.body if isinstance(answer.body, bytes) else codec.dumps(answer.body)
        headers = {
            "content-type": "application/vnd.elasticsearch+json;compatible-with=8",
            "x-elastic-product": "Elasticsearch",
            **answer.headers,
        }
        meta = ApiResponseMeta(
            status=answer.status,
            http_version="1.1",
            headers=HttpHeaders(headers),
            duration=0.0,
            node=node.config,
        )
        return NodeApiResponse(meta, data)


def failure(status: int, kind: str, reason: str, **members: Any) -> Answer:
    """Make an error answer of Elasticsearch."""
    cause = {"type": kind, "reason": reason}
    return Answer(status, {"error": {"root_cause": [cause], **cause, **members}, "status": status})
