"""Who calls, what they may do, and the cluster they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sidecar.interfaces.documents import Document


@dataclass(frozen=True, slots=True)
class Caller:
    """The headers that say who calls; never logged. `authorization` is None when absent."""

    authorization: str | None = None
    secondary_authorization: str | None = None
    run_as: str | None = None
    opaque_id: str | None = None


class Privileges(Protocol):
    """Asks Elasticsearch what a caller may do."""

    def require_cluster(self, caller: Caller, action: str) -> None:
        """Raise UnauthorizedError or ForbiddenError unless the caller may do `action`.

        `action` is a native action name such as `cluster:admin/xpack/ml/job/put`.
        """


class ClusterInfo(Protocol):
    """Facts about the cluster behind the sidecar."""

    def root(self) -> Document:
        """The body of `GET /`, or the same shape made from other calls where it is missing."""

    def security_enabled(self) -> bool:
        """Whether callers have to say who they are."""
