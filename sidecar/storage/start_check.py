"""Before the first use of a cluster: whether the account may, and whether native ML is there."""

from __future__ import annotations

import logging
import threading

from sidecar import messages
from sidecar.errors import UnavailableError
from sidecar.interfaces import ClusterInfo
from sidecar.storage.client import RETRY_AFTER, Connection, translated_errors
from sidecar.storage.names import Names
from sidecar.storage.native_ml import find_neighbour, judge
from sidecar.storage.service_role import missing, needed

logger = logging.getLogger(__name__)


class RefusedStartError(Exception):
    """The sidecar would lose data on this cluster; the text is for the operator."""


class StartCheck:
    """Asked before anything is written; says what it found once per process."""

    def __init__(self, connection: Connection, names: Names, cluster: ClusterInfo) -> None:
        self._connection = connection
        self._names = names
        self._cluster = cluster
        self._lock = threading.Lock()
        self._told: set[str] = set()

    def run(self) -> None:
        """Log how the sidecar gets on with this cluster.

        Raises
        ------
        RefusedStartError
            If data would be lost.
        UnavailableError
            If the cluster is away or the account lacks a privilege: both may change.
        """
        if self._cluster.security_enabled():
            self._require_privileges()
        verdict = judge(find_neighbour(self._connection), self._names)
        if verdict.refusal is not None:
            raise RefusedStartError(verdict.refusal)
        for note in verdict.notes:
            self._tell(note)

    def _require_privileges(self) -> None:
        body = needed(self._names)
        with translated_errors():
            answer = self._connection.client.security.has_privileges(
                cluster=body["cluster"], index=body["index"]
            )
        if not answer["has_all_requested"]:
            lacking = messages.account_lacks(answer["username"], missing(answer.body))
            raise UnavailableError(lacking, headers=RETRY_AFTER)

    def _tell(self, note: str) -> None:
        with self._lock:
            if note in self._told:
                return
            self._told.add(note)
        logger.warning("%s", note)
