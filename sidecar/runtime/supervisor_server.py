"""The supervisor's socket: what HTTP workers ask of it."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sidecar.errors import MlError
from sidecar.runtime import wire
from sidecar.runtime.channel import Channel, ConnectionLostError, listen
from sidecar.runtime.job_board import Address
from sidecar.runtime.supervisor import Supervisor

logger = logging.getLogger(__name__)


class SupervisorServer:
    """A thread for each connection, one request after the other on each."""

    def __init__(self, supervisor: Supervisor, path: str) -> None:
        self._supervisor = supervisor
        self._path = path
        self._listener: socket.socket | None = None
        self._operations: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "open": lambda r: supervisor.open(
                r["job_id"], r["timeout_ms"], again=r.get("again", False)
            ),
            "close": lambda r: supervisor.close(
                r["job_id"], force=r["force"], timeout_ms=r["timeout_ms"]
            ),
            "locate": lambda r: _address(supervisor.locate(r["job_id"], r["wait_ms"], r["behind"])),
            "forget": lambda r: supervisor.forget(r["job_id"]),
            "status": self._status,
            "node": lambda _: supervisor.node(),
        }

    def start(self) -> None:
        """Listen; raises OSError. The caller makes sure that there is one supervisor."""
        Path(self._path).unlink(missing_ok=True)
        self._listener = listen(self._path)
        threading.Thread(
            target=self._accept, args=(self._listener,), name="supervisor-server", daemon=True
        ).start()

    def stop(self) -> None:
        """Listen no more; requests that are being served go on."""
        if self._listener is not None:
            Path(self._path).unlink(missing_ok=True)
            self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._converse, args=(sock,), name="supervisor-connection", daemon=True
            ).start()

    def _converse(self, sock: socket.socket) -> None:
        with Channel(sock) as channel:
            try:
                while True:
                    channel.send_message(self._answer(channel.receive_message()))
            except ConnectionLostError:
                return

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {"answer": self._operations[request["op"]](request)}
        except MlError as error:
            return {"error": wire.error_to_wire(error)}
        except Exception as error:
            logger.exception("request [%s] failed", request.get("op"))
            reason = f"{type(error).__name__}: {error}"
            return {"error": wire.error_to_wire(MlError(reason))}

    def _status(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self._supervisor.status(request["job_ids"])
        return {
            job_id: {
                **wire.status_to_wire(status),
                "address": None if address is None else _address(address),
            }
            for job_id, (status, address) in found.items()
        }


def _address(address: Address) -> dict[str, Any]:
    return {"socket": address.socket, "generation": address.generation}
