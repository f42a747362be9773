"""Who calls, what they may do, and the cluster they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sidecar.interfaces.documents import Document


@dataclass(frozen=True, slots=True)
class Caller:
    """The headers that say who calls; never logged. `authorization` is None when absent."""

    authorization: str | None = field(default=None, repr=False)
    secondary_authorization: str | None = field(default=None, repr=False)
    run_as: str | None = None
    opaque_id: str | None = None

    @property
    def owner(self) -> Caller:
        """Whom work that outlives the request belongs to: the secondary credentials, if given.

        Running as another user is the primary credentials' affair alone.
        """
        if self.secondary_authorization is None:
            return self
        return Caller(authorization=self.secondary_authorization, opaque_id=self.opaque_id)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a caller turned out to be.

    Attributes
    ----------
    username : str
        Whose rights count; of an API key its owner.
    authenticated_as : str, optional
        Who runs as `username`, when that is somebody else.
    roles : tuple of str
        Roles of `username`; none for API keys and service accounts.
    api_key_id : str, optional
        Id of the API key that was shown.
    service_account : bool
        Whether it is one of Elasticsearch's service accounts.
    """

    username: str
    authenticated_as: str | None = None
    roles: tuple[str, ...] = ()
    api_key_id: str | None = None
    service_account: bool = False


@dataclass(frozen=True, slots=True)
class IndexGrants:
    """What a user may do with indices: index name or pattern -> privilege -> whether granted."""

    username: str
    granted: Mapping[str, Mapping[str, bool]]

    @property
    def are_complete(self) -> bool:
        """Whether everything that was asked about is granted."""
        return all(all(privileges.values()) for privileges in self.granted.values())


class Privileges(Protocol):
    """Asks Elasticsearch what a caller may do."""

    def require_cluster(self, caller: Caller, action: str, *, fresh: bool = False) -> None:
        """Raise UnauthorizedError or ForbiddenError unless the caller may do `action`.

        `action` is a native action name such as `cluster:admin/xpack/ml/job/put`. A positive
        answer may be some seconds old unless it has to be `fresh`. Wrong secondary credentials
        are refused however right the primary ones are.
        """

    def identify(self, caller: Caller) -> Identity | None:
        """Who calls, possibly as known some seconds ago; None when nobody has to say so.

        Raises UnauthorizedError, ForbiddenError (may not run as the other user).
        """

    def index_grants(
        self, caller: Caller, wanted: Mapping[str, Sequence[str]]
    ) -> IndexGrants | None:
        """Which of the privileges (or actions) by index the caller has, asked anew.

        None when nobody has to say who they are. Raises UnauthorizedError, ForbiddenError.
        """


class ClusterInfo(Protocol):
    """Facts about the cluster behind the sidecar."""

    def root(self) -> Document:
        """The body of `GET /`, or the same shape made from other calls where it is missing."""

    def security_enabled(self) -> bool:
        """Whether callers have to say who they are."""
