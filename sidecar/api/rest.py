"""The words of the HTTP edge: routes, what a handler is given, what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from sidecar.interfaces import Caller
from sidecar.schema.request_parameters import boolean_parameter
from sidecar.services.services import Services

# Parameters that every endpoint takes. `format` is here because clients of the cat family send it
# everywhere; only JSON is answered.
COMMON_PARAMETERS = frozenset({"error_trace", "filter_path", "format", "human", "pretty"})
# A body given in the URL, for clients that cannot send one with GET.
SOURCE_PARAMETERS = frozenset({"source", "source_content_type"})


class BodyKind(Enum):
    """What a route takes as body."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class RestRequest:
    """A request as handlers see it: authorised, its parameters known to be among the route's.

    `body` is empty when there was none; `pieces` are the pieces of a `STREAM` route's body,
    decompressed, to be read once.
    """

    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""
    pieces: Iterable[bytes] = ()

    def with_body(self, body: bytes) -> RestRequest:
        """The same request with its body."""
        return replace(self, body=body)

    def with_pieces(self, pieces: Iterable[bytes]) -> RestRequest:
        """The same request with the pieces of its body."""
        return replace(self, pieces=pieces)

    def flag(self, name: str, *, default: bool) -> bool:
        """A boolean parameter; present without a value means true."""
        return boolean_parameter(self.query, name, default)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers; `body` None is an answer without a body (HEAD)."""

    body: Mapping[str, Any] | None
    status: int = 200


Handler = Callable[[Services, RestRequest], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the route table.

    Attributes
    ----------
    api : str
        Name of the API in the public specification; the privilege table is keyed by it.
    methods : tuple of str
        Verbs served.
    path : str
        As the specification writes it, with `{name}` for path parameters.
    handler : callable
        Parses, calls one service, returns the answer.
    parameters : frozenset of str
        Query parameters besides the common ones.
    deprecation : str, optional
        Text of the `Warning` header that every answer carries.
    """

    api: str
    methods: tuple[str, ...]
    path: str
    handler: Handler
    parameters: frozenset[str] = field(default_factory=frozenset)
    body: BodyKind = BodyKind.NONE
    deprecation: str | None = None

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names between braces in the path."""
        parts = self.path.split("/")
        return tuple(part[1:-1] for part in parts if part.startswith("{"))

    @property
    def query_parameters(self) -> frozenset[str]:
        """Every query parameter the route takes."""
        source = SOURCE_PARAMETERS if self.body in _WITH_SOURCE else frozenset()
        return self.parameters | COMMON_PARAMETERS | source


_WITH_SOURCE = (BodyKind.OPTIONAL, BodyKind.REQUIRED)
