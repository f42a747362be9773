"""The call that makes an API key in the name of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elastic_transport import TransportError

from sidecar.interfaces import GrantedKey, OwnerHeaders
from sidecar.storage.client import Connection, connection_error


def grant_key(
    connection: Connection, grant: Mapping[str, str], run_as: str | None, api_key: Mapping[str, Any]
) -> GrantedKey:
    """Make an API key with the sidecar's own account.

    Parameters
    ----------
    grant : mapping
        `grant_type` and the credentials that go with it.
    run_as : str, optional
        Whose key it becomes, when that is not who the credentials belong to.
    api_key : mapping
        Name, metadata and so on.

    Raises
    ------
    ApiError
        As it was answered: what a 403 means depends on the grant.
    UnavailableError
        Nobody answered.
    """
    body: dict[str, Any] = {**grant, "api_key": api_key}
    if run_as is not None:
        body["run_as"] = run_as
    try:
        made = connection.client.security.grant_api_key(**body)
    except TransportError as error:
        raise connection_error(error) from error
    return GrantedKey(made["id"], OwnerHeaders(f"ApiKey {made['encoded']}"))
