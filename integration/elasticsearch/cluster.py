"""A running cluster as tests see it: address, credentials, requests, and its power switch."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from integration.elasticsearch.options import StartError

_READY_PATIENCE_S = 300.0
_POLL_S = 0.25
_PROBE = "ml-sidecar-probe"
# Requests to a server on loopback must not take the way of the machine's HTTP proxy.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Node(Protocol):
    """What runs the server; its data outlives stop and kill."""

    def start(self) -> None:
        """Start again what was stopped or killed; returns before it answers."""

    def stop(self) -> None:
        """End it in an orderly way; returns when it has ended."""

    def kill(self) -> None:
        """End it at once, as kill -9 does; returns when it has ended."""

    def remove(self) -> None:
        """End it and delete its data."""

    def is_alive(self) -> bool:
        """Whether the server's process exists."""

    def log_tail(self) -> str:
        """Return the end of what it printed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP status and parsed JSON body (None if it was empty)."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster: `kind` is external, official-image, built-image or local-process."""

    url: str
    username: str
    password: str
    version: str
    kind: str
    node: Node | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, str]:
        """Return what `up` prints."""
        return {
            "url": self.url,
            "username": self.username,
            "password": self.password,
            "version": self.version,
            "kind": self.kind,
        }

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one JSON request; an error status is an answer too.

        Parameters
        ----------
        headers : mapping, optional
            In place of the superuser's Authorization; empty for nobody's.

        Raises
        ------
        OSError
            If the server does not answer.
        """
        if headers is None:
            headers = {"Authorization": basic(self.username, self.password)}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the scheme is the caller's own http(s)
            self.url.rstrip("/") + path,
            data,
            {"Content-Type": "application/json", **headers},
            method=method,
        )
        try:
            with _OPENER.open(request, timeout=60) as response:
                return Answer(response.status, _parsed(response.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _parsed(error.read()))

    def start(self) -> None:
        """Start it again with the data it had and wait until it answers."""
        self._switch().start()
        self.wait_until_healthy()

    def stop(self) -> None:
        """End it in an orderly way."""
        self._switch().stop()

    def kill(self) -> None:
        """End it with kill -9."""
        self._switch().kill()

    def is_healthy(self) -> bool:
        """Whether it answers the superuser, and is green or yellow."""
        try:
            # The security index is recovered after the health turns yellow; until then: 401.
            return all(
                self.request("GET", path).status == 200
                for path in (
                    "/_cluster/health?wait_for_status=yellow&timeout=1s",
                    "/_security/_authenticate",
                )
            )
        except OSError:
            return False

    def wait_until_healthy(self) -> None:
        """Poll until it is healthy; raises StartError with the server's log otherwise."""
        self._wait_for(self.is_healthy)

    def wait_until_ready(self) -> None:
        """Wait as well until native users, roles and API keys work."""
        self._wait_for(self.is_healthy)
        self._wait_for(self._security_works)

    def _wait_for(self, condition: Any) -> None:
        deadline = time.monotonic() + _READY_PATIENCE_S
        while not condition():
            if self.node is not None and not self.node.is_alive():
                raise StartError(f"Elasticsearch ended while starting:\n{self.node.log_tail()}")
            if time.monotonic() > deadline:
                log = self.node.log_tail() if self.node else "(not ours, so no log)"
                raise StartError(
                    f"Elasticsearch at {self.url} was not ready within {_READY_PATIENCE_S:.0f} s:"
                    f"\n{log}"
                )
            time.sleep(_POLL_S)

    def _security_works(self) -> bool:
        role, user = f"/_security/role/{_PROBE}", f"/_security/user/{_PROBE}"
        as_user = {"Authorization": basic(_PROBE, self.password)}
        try:
            made = self.request("PUT", role, {"cluster": ["manage_own_api_key"]}).status == 200
            account = {"password": self.password, "roles": [_PROBE]}
            made = made and self.request("PUT", user, account).status == 200
            key = self.request("POST", "/_security/api_key", {"name": _PROBE}, headers=as_user)
            if not made or key.status != 200:
                return False
            as_key = {"Authorization": f"ApiKey {key.body['encoded']}"}
            answer = self.request("GET", "/_security/_authenticate", headers=as_key)
            self.request("DELETE", "/_security/api_key", {"ids": [key.body["id"]]})
            self.request("DELETE", user)
            self.request("DELETE", role)
        except OSError:
            return False
        return answer.status == 200

    def _switch(self) -> Node:
        if self.node is None:
            raise RuntimeError(f"{self.url} was not started by us: it is not ours to switch")
        return self.node


def basic(username: str, password: str) -> str:
    """Value of an Authorization header."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def _parsed(body: bytes) -> Any:
    return json.loads(body) if body else None
