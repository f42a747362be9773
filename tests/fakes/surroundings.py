"""The audit log, the cluster and its privileges in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from sidecar.errors import ForbiddenError, UnauthorizedError
from sidecar.interfaces import Caller, Document, Identity, IndexGrants
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


@dataclass(slots=True)
class FakeUser:
    """Somebody who may do anything in the cluster, and this with indices."""

    name: str
    indices: Mapping[str, Collection[str]] = field(default_factory=dict)

    def may(self, index: str, privilege: str) -> bool:
        """Whether a privilege is granted on all that an index name or pattern stands for."""
        return any(
            privilege in privileges and fnmatchcase(index, pattern)
            for pattern, privileges in self.indices.items()
        )


class FakePrivileges(Failing):
    """Implements `interfaces.Privileges`: all is allowed until denied.

    `require_authorization` refuses callers that do not say who they are; `asked` holds
    (caller, action) of every question, `asked_anew` the actions that had to be fresh. `users`, by
    their `Authorization`, are those whose indices are known; with any of them there, others have
    wrong credentials.
    """

    def __init__(self) -> None:
        super().__init__()
        self.require_authorization = False
        self.security = True
        self.asked: list[tuple[Caller, str]] = []
        self.asked_anew: list[str] = []
        self.users: dict[str, FakeUser] = {}
        self._denied: list[tuple[str, str | None]] = []

    def deny(self, action_prefix: str, authorization: str | None = None) -> None:
        """Refuse actions that start so, to this `Authorization` or (None) to everybody."""
        self._denied.append((action_prefix, authorization))

    def require_cluster(self, caller: Caller, action: str, *, fresh: bool = False) -> None:
        self._called("require_cluster")
        self.asked.append((caller, action))
        if fresh:
            self.asked_anew.append(action)
        if self.require_authorization and caller.authorization is None:
            raise _unauthorized("missing authentication credentials for REST request")
        self._user(caller)
        for prefix, authorization in self._denied:
            if action.startswith(prefix) and authorization in (None, caller.authorization):
                raise ForbiddenError(f"action [{action}] is unauthorized for user [fake]")

    def identify(self, caller: Caller) -> Identity | None:
        self._called("identify")
        if not self.security:
            return None
        user = self._user(caller)
        if caller.run_as is not None:
            return Identity(caller.run_as, authenticated_as=user.name)
        return Identity(user.name)

    def index_grants(
        self, caller: Caller, wanted: Mapping[str, Sequence[str]]
    ) -> IndexGrants | None:
        self._called("index_grants")
        if not self.security:
            return None
        user = self._user(caller)
        granted = {
            name: {each: user.may(name, each) for each in privileges}
            for name, privileges in sorted(wanted.items())
        }
        return IndexGrants(user.name, granted)

    def _user(self, caller: Caller) -> FakeUser:
        given = [caller.authorization, caller.secondary_authorization]
        for authorization in filter(None, given):
            if self.users and authorization not in self.users:
                raise _unauthorized("unable to authenticate")
        return self.users.get(caller.authorization or "", FakeUser("fake"))


def _unauthorized(reason: str) -> UnauthorizedError:
    challenge = 'Basic realm="security", charset="UTF-8"'
    return UnauthorizedError(reason, headers={"WWW-Authenticate": challenge})
