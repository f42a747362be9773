"""Requests to the sidecar as they go over the wire, for what clients cannot or will not send."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from integration.elasticsearch import basic

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """Return the body, which has to be JSON."""
        return json.loads(self.content)

    @property
    def reason(self) -> str:
        """Return the sentence of an error."""
        error = self.json["error"]
        return str(error["reason"] if isinstance(error, dict) else error)

    @property
    def error_type(self) -> str:
        """Return the type of an error."""
        return str(self.json["error"]["type"])


@dataclass(frozen=True, slots=True)
class Rest:
    """One caller of the sidecar."""

    url: str
    authorization: str | None

    @classmethod
    def of(cls, url: str, username: str, password: str) -> Rest:
        """Return the caller with this name and password."""
        return cls(url, basic(username, password))

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request on a connection of its own.

        `body` is sent as it is when it is bytes, chunked when it is an iterator of bytes, and as
        JSON otherwise.
        """
        sent = {} if self.authorization is None else {"Authorization": self.authorization}
        data: bytes | Iterable[bytes] | None
        if body is None or isinstance(body, bytes):
            data = body
        elif isinstance(body, dict | list | str):
            data = json.dumps(body).encode()
        else:
            data = body  # type: ignore[assignment]
        if data is not None:
            sent["Content-Type"] = JSON
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=120)
        try:
            connection.request(
                method,
                path,
                data,
                {**sent, **(headers or {})},
                encode_chunked=data is not None and not isinstance(data, bytes),
            )
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()
