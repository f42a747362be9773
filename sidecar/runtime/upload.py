"""Sending one upload to a job's process, whatever happens to that process meanwhile."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from sidecar.errors import MlError
from sidecar.interfaces import TimeRange
from sidecar.runtime import faults, wire
from sidecar.runtime.channel import Channel, ConnectionLostError, Frame
from sidecar.runtime.job_board import Address
from sidecar.schema.data_counts import DataCounts

# Asks for the address of the job's process of a later generation than the given one.
Locate = Callable[[int], Address]

# How often a process may die before the upload has begun.
_ATTEMPTS = 5

_ADDED_UP = {
    field.name
    for field in dataclasses.fields(DataCounts)
    if field.name.endswith(("_count", "_bytes")) and field.name != "analysed_field_count"
}


class Upload:
    """One upload. The job's process asks for the body when its turn has come.

    Until then nothing has been read from the caller, so another process can be asked instead.
    The upload's receipt, kept in the journal, tells afterwards whether a process that died at
    the end of the upload had made it durable.
    """

    def __init__(
        self, job_id: str, chunks: Iterable[bytes], reset: TimeRange | None, locate: Locate
    ) -> None:
        self._job_id = job_id
        self._chunks = chunks
        self._reset = reset
        self._locate = locate
        self._receipt = secrets.token_hex(8)

    def send(self) -> DataCounts:
        """Send it; returns the upload's own counts.

        Raises UnavailableError when the process died, what the process answers, and what the
        chunks raise (then nothing of the upload is kept).
        """
        address = self._locate(0)
        for _ in range(_ATTEMPTS):
            try:
                channel = Channel.connect(address.socket)
            except ConnectionLostError:
                address = self._locate(address.generation)
                continue
            with channel:
                try:
                    before = self._admission(channel)
                except ConnectionLostError:
                    address = self._locate(address.generation)
                    continue
                return self._deliver(channel, address, before)
        raise faults.process_lost(self._job_id)

    def _admission(self, channel: Channel) -> DataCounts:
        """Wait for the upload's turn; returns the job's totals before it."""
        channel.send_message(
            {"op": "post", "reset": wire.flat_to_wire(self._reset), "receipt": self._receipt}
        )
        message = channel.receive_message()
        if "error" in message:
            raise wire.error_from_wire(message["error"])
        return DataCounts(**message["go"])

    def _deliver(self, channel: Channel, address: Address, before: DataCounts) -> DataCounts:
        is_whole = False
        try:
            with suppress(ConnectionLostError):
                # What the process said before it hung up is still there to be read.
                is_whole = self._pass_on(channel)
            return _counts(channel.receive_message())
        except ConnectionLostError as error:
            if not is_whole:
                raise faults.upload_lost(self._job_id) from error
            return self._outcome(address, before)

    def _pass_on(self, channel: Channel) -> bool:
        """Send the body; True when all of it went out, False when the answer came before."""
        try:
            for chunk in self._chunks:
                if channel.has_something():
                    return False
                channel.send_chunk(chunk)
        except ConnectionLostError:
            raise
        except BaseException:
            _abort(channel)
            raise
        channel.send(Frame.END)
        return True

    def _outcome(self, address: Address, before: DataCounts) -> DataCounts:
        """Find out whether the process that died had made the upload durable."""
        try:
            successor = self._locate(address.generation)
            with Channel.connect(successor.socket) as channel:
                channel.send_message({"op": "recovered"})
                recovered = channel.receive_message()["answer"]
        except (ConnectionLostError, MlError) as error:
            raise faults.upload_in_doubt(self._job_id) from error
        if recovered["receipt"] != self._receipt:
            raise faults.upload_lost(self._job_id)
        return counts_between(before, DataCounts(**recovered["counts"]))


def counts_between(before: DataCounts, after: DataCounts) -> DataCounts:
    """Tell the counts of the one upload that lies between two totals.

    Times are those of the totals where the upload moved them, else unset.
    """
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(DataCounts):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name in _ADDED_UP:
            changes[field.name] = new - old
        elif field.name.endswith("_timestamp") and new == old:
            changes[field.name] = None
    return dataclasses.replace(after, **changes)


def _counts(message: Mapping[str, Any]) -> DataCounts:
    if "error" in message:
        raise wire.error_from_wire(message["error"])
    return DataCounts(**message["answer"])


def _abort(channel: Channel) -> None:
    try:
        channel.send(Frame.ABORT)
    except ConnectionLostError:
        return
