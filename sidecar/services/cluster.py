"""What the sidecar says of itself where clients ask a cluster."""

from __future__ import annotations

from sidecar.interfaces import ClusterInfo, Document


class ClusterService:
    """The cluster behind the sidecar, as clients see it."""

    def __init__(self, cluster: ClusterInfo) -> None:
        self._cluster = cluster

    def root(self) -> Document:
        """Name, version and tagline, as `GET /` answers them."""
        return self._cluster.root()
