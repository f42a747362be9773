"""Calls to Elasticsearch as the owner of background work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from sidecar import messages
from sidecar.errors import OwnerRefusedError
from sidecar.interfaces import Holder, OwnerHeaders
from sidecar.storage.client import Connection, connection_error, error_reason, to_ml_error

_REFUSED = (401, 403)


@contextmanager
def calling_as_owner(
    connection: Connection, holder: Holder, headers: OwnerHeaders | None
) -> Iterator[Elasticsearch]:
    """Give a client whose calls are made as the owner of `holder`.

    Without headers (security is off in the cluster) it acts as the sidecar's own account. What
    the client raises inside the block becomes an MlError: OwnerRefusedError where Elasticsearch
    refuses the owner (401, 403), otherwise as in `translated_errors`.
    """
    if headers is None:
        client = connection.client
    else:
        client = connection.client_without_account.options(headers=headers.as_headers())
    try:
        yield client
    except ApiError as error:
        if headers is not None and error.status_code in _REFUSED:
            reason = messages.owner_refused(str(holder), error_reason(error))
            raise OwnerRefusedError(reason) from error
        raise to_ml_error(error) from error
    except TransportError as error:
        raise connection_error(error) from error
