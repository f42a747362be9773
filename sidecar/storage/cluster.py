"""Facts about the cluster behind the sidecar."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from elasticsearch import ApiError

from sidecar import messages
from sidecar.interfaces import Document
from sidecar.storage.client import Connection, error_reason, translated_errors

logger = logging.getLogger(__name__)

# How Elasticsearch answers a path that it does not have, in this or in another verb.
_NOT_SERVED = (400, 404, 405)
_REFUSED = (401, 403)
# How long it is believed that security is off.
_INSECURE_S = 10.0


class ElasticsearchClusterInfo:
    """Implements `interfaces.ClusterInfo`.

    That security is on is found out once per process, that it is off again and again: whoever
    switches it on must not have to think of the sidecar.
    """

    def __init__(
        self, connection: Connection, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._secure = False
        self._insecure_until: float | None = None

    def root(self) -> Document:
        """See `interfaces.ClusterInfo.root`.

        What other calls do not tell (Lucene and oldest compatible versions) is left out then.
        """
        with translated_errors():
            try:
                return dict(self._connection.client.info().body)
            except ApiError as error:
                if error.status_code not in _NOT_SERVED:
                    raise
            return self._root_from_nodes()

    def security_enabled(self) -> bool:
        """See `interfaces.ClusterInfo.security_enabled`."""
        with self._lock:
            if self._secure:
                return True
            now = self._monotonic()
            if self._insecure_until is not None and now < self._insecure_until:
                return False
            self._secure = self._ask_security()
            if not self._secure:
                if self._insecure_until is None:
                    logger.warning(messages.insecure_cluster_served())
                self._insecure_until = now + _INSECURE_S
            return self._secure

    def _root_from_nodes(self) -> dict[str, Any]:
        client = self._connection.client
        nodes = client.nodes.info(node_id="_local", metric="_none")
        state = client.cluster.state(metric="version", filter_path="cluster_uuid")
        (node,) = nodes["nodes"].values()
        return {
            "name": node["name"],
            "cluster_name": nodes["cluster_name"],
            "cluster_uuid": state["cluster_uuid"],
            "version": {
                "number": node["version"],
                "build_flavor": node["build_flavor"],
                "build_type": node["build_type"],
                "build_hash": node["build_hash"],
            },
            "tagline": "You Know, for Search",
        }

    def _ask_security(self) -> bool:
        with translated_errors():
            try:
                self._connection.client.security.authenticate()
            except ApiError as error:
                if error.status_code in _REFUSED:
                    return True
                # Only Elasticsearch's own word counts: a proxy that hides the path must not
                # open the sidecar to everybody.
                if error.status_code in _NOT_SERVED and "no handler found" in error_reason(error):
                    return False
                raise
        return True
