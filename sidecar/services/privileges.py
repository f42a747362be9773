"""Who may call an API, and whose indices an operation may touch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sidecar import codec, messages
from sidecar.errors import ForbiddenError
from sidecar.interfaces import Caller, Identity, Privileges
from sidecar.services.actions import ACTIONS, changes

# Sent many times a second, and while Elasticsearch is away: an answer some seconds old does.
_FREQUENT = frozenset({"ml.flush_job", "ml.post_data"})

# What native ML asks for when a datafeed is created or changed.
_DATAFEED_SOURCE = ("indices:data/read/search",)
_ANALYTICS_SOURCE = ("read", "view_index_metadata")
_ANALYTICS_DEST = ("read", "index", "create_index", "manage")


class PrivilegeGate:
    """Lets a caller through to an API, or not."""

    def __init__(self, privileges: Privileges) -> None:
        self._privileges = privileges

    def require(self, caller: Caller, api: str) -> None:
        """Raise UnauthorizedError or ForbiddenError; an API without a row is a defect."""
        fresh = changes(api) and api not in _FREQUENT
        self._privileges.require_cluster(caller, ACTIONS[api], fresh=fresh)

    def identify(self, caller: Caller) -> Identity | None:
        """Who calls; see `interfaces.Privileges.identify`."""
        return self._privileges.identify(caller)


class IndexPrivileges:
    """Holds the owner of background work to what he may do with indices himself."""

    def __init__(self, privileges: Privileges) -> None:
        self._privileges = privileges

    def require_datafeed(self, caller: Caller, datafeed_id: str, indices: Sequence[str]) -> None:
        """Raise ForbiddenError unless the owner may search the indices of a datafeed."""
        self.require_indices(
            caller,
            dict.fromkeys(indices, _DATAFEED_SOURCE),
            lambda user, granted: messages.datafeed_indices_denied(datafeed_id, user, granted),
        )

    def require_analytics(
        self, caller: Caller, analytics_id: str, source: Sequence[str], dest: str
    ) -> None:
        """Raise ForbiddenError unless the owner may read the source and make the destination."""
        self.require_indices(
            caller,
            {**dict.fromkeys(source, _ANALYTICS_SOURCE), dest: _ANALYTICS_DEST},
            lambda user, granted: messages.analytics_indices_denied(analytics_id, user, granted),
        )

    def require_indices(
        self,
        caller: Caller,
        wanted: Mapping[str, Sequence[str]],
        denial: Callable[[str, str], str],
    ) -> None:
        """Ask about indices with the credentials of whom the work will belong to.

        Parameters
        ----------
        caller : Caller
            His owner counts: the secondary credentials when there are any.
        wanted : mapping
            Index name, alias or pattern -> privileges or actions.
        denial : callable
            Makes the sentence of the error from the user's name and a JSON object that says for
            each index and privilege whether it is granted.

        Raises
        ------
        UnauthorizedError, ForbiddenError
        """
        if not wanted:
            return
        grants = self._privileges.index_grants(caller.owner, wanted)
        if grants is None or grants.are_complete:
            return
        granted = {name: dict(each) for name, each in grants.granted.items()}
        raise ForbiddenError(denial(grants.username, codec.dumps(granted).decode()))
