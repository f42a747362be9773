"""Serves one open job over its socket: runs in the job's process."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from sidecar.errors import JobFailedError, MlError
from sidecar.interfaces import FlushRequest
from sidecar.runtime import wire
from sidecar.runtime.channel import Channel, ConnectionLostError, Frame
from sidecar.runtime.job_line import JobLine
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job_document import job_from_document

logger = logging.getLogger(__name__)

# A sender that says nothing for so long has lost its caller; others wait behind it.
_IDLE_S = 300.0


class UploadAbortedError(Exception):
    """The sender gave up, or is gone: nothing of the upload is kept."""


class JobServer:
    """A thread for each connection; requests wait for each other in the job's line.

    `on_failure` is called (once or more) when the analysis died or the journal broke: then the
    process has to end.
    """

    def __init__(
        self, line: JobLine, listener: socket.socket, on_failure: Callable[[str | None], None]
    ) -> None:
        self._line = line
        self._listener = listener
        self._on_failure = on_failure
        self._operations: dict[str, Callable[[dict[str, Any]], Any]] = {
            "flush": self._flush,
            "update": self._update,
            "reload_rules": lambda _: line.reload_rules(),
            "persist": lambda _: line.persist(),
            "stats": lambda _: wire.stats_to_wire(line.stats()),
            "recovered": self._recovered,
        }

    def start(self) -> None:
        """Accept connections in the background, until the process ends."""
        threading.Thread(target=self._accept, name="job-server", daemon=True).start()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            threading.Thread(
                target=self._converse, args=(sock,), name="job-connection", daemon=True
            ).start()

    def _converse(self, sock: socket.socket) -> None:
        sock.settimeout(_IDLE_S)
        with Channel(sock) as channel:
            try:
                while True:
                    self._serve(channel, channel.receive_message())
            except ConnectionLostError:
                return

    def _serve(self, channel: Channel, request: dict[str, Any]) -> None:
        try:
            if request["op"] == "post":
                self._post(channel, request)
                return
            answer = self._operations[request["op"]](request)
        except UploadAbortedError:
            return
        except MlError as error:
            channel.send_message({"error": wire.error_to_wire(error)})
            self._look_for_failure(error)
        except Exception as error:
            logger.exception("request [%s] failed", request["op"])
            reason = f"{type(error).__name__}: {error}"
            channel.send_message({"error": wire.error_to_wire(MlError(reason))})
        else:
            channel.send_message({"answer": answer})

    def _look_for_failure(self, error: MlError) -> None:
        if isinstance(error, JobFailedError):
            self._on_failure(error.reason)
        elif self._line.must_restart:
            self._on_failure(None)

    def _post(self, channel: Channel, request: dict[str, Any]) -> None:
        def answer(counts: DataCounts) -> None:
            channel.send_message({"answer": wire.flat_to_wire(counts)})

        reset = wire.range_from_wire(request["reset"])
        self._line.post(self._chunks(channel), reset, request["receipt"], answer)

    def _chunks(self, channel: Channel) -> Iterator[bytes]:
        """Ask for the upload when its turn has come, then pass on its pieces."""
        before = wire.flat_to_wire(self._line.stats().data_counts)
        try:
            channel.send_message({"go": before})
            while True:
                frame, body = channel.receive()
                if frame is Frame.CHUNK:
                    yield body
                elif frame is Frame.END:
                    return
                else:
                    raise UploadAbortedError("the sender gave up")
        except ConnectionLostError as error:
            raise UploadAbortedError(str(error)) from error

    def _flush(self, request: dict[str, Any]) -> int | None:
        return self._line.flush(FlushRequest(**request["request"])).last_finalized_bucket_end

    def _update(self, request: dict[str, Any]) -> None:
        self._line.update(job_from_document(request["job"]))

    def _recovered(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "receipt": self._line.recovered_receipt,
            "counts": wire.flat_to_wire(self._line.recovered_counts),
        }
