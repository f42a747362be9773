"""The audit log, the cluster and its privileges in memory."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.errors import ForbiddenError, UnauthorizedError
from sidecar.interfaces import Caller, Document
from tests.fakes.failing import Failing


@dataclass(frozen=True, slots=True)
class AuditMessage:
    """One message; `level` is info, warning or error."""

    level: str
    job_id: str | None
    message: str


class FakeAuditLog:
    """Implements `interfaces.AuditLog`; `messages` holds everything said."""

    def __init__(self) -> None:
        self.messages: list[AuditMessage] = []

    def info(self, job_id: str | None, message: str) -> None:
        self.messages.append(AuditMessage("info", job_id, message))

    def warning(self, job_id: str | None, message: str) -> None:
        self.messages.append(AuditMessage("warning", job_id, message))

    def error(self, job_id: str | None, message: str) -> None:
        self.messages.append(AuditMessage("error", job_id, message))

    def of(self, job_id: str | None) -> list[str]:
        """The texts of one job, in order."""
        return [m.message for m in self.messages if m.job_id == job_id]


class FakeClusterInfo(Failing):
    """Implements `interfaces.ClusterInfo`."""

    def __init__(self, version: str = "8.19.0", *, security: bool = True) -> None:
        super().__init__()
        self.version = version
        self.security = security

    def root(self) -> Document:
        self._called("root")
        return {
            "name": "fake-node",
            "cluster_name": "fake-cluster",
            "cluster_uuid": "fake-cluster-uuid",
            "version": {"number": self.version, "build_flavor": "default"},
            "tagline": "You Know, for Search",
        }

    def security_enabled(self) -> bool:
        self._called("security_enabled")
        return self.security


class FakePrivileges(Failing):
    """Implements `interfaces.Privileges`: all is allowed until denied.

    `require_authorization` refuses callers that do not say who they are; `asked` holds
    (caller, action) of every question.
    """

    def __init__(self) -> None:
        super().__init__()
        self.require_authorization = False
        self.asked: list[tuple[Caller, str]] = []
        self._denied: list[tuple[str, str | None]] = []

    def deny(self, action_prefix: str, authorization: str | None = None) -> None:
        """Refuse actions that start so, to this `Authorization` or (None) to everybody."""
        self._denied.append((action_prefix, authorization))

    def require_cluster(self, caller: Caller, action: str) -> None:
        self._called("require_cluster")
        self.asked.append((caller, action))
        if self.require_authorization and caller.authorization is None:
            challenge = 'Basic realm="security", charset="UTF-8"'
            raise UnauthorizedError(
                "missing authentication credentials for REST request",
                headers={"WWW-Authenticate": challenge},
            )
        for prefix, authorization in self._denied:
            if action.startswith(prefix) and authorization in (None, caller.authorization):
                raise ForbiddenError(f"action [{action}] is unauthorized for user [fake]")
