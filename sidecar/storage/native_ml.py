"""Whether Elasticsearch's own ML runs on the cluster, and what that means for the sidecar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from elasticsearch import ApiError

from sidecar import messages
from sidecar.storage.client import Connection, error_reason, translated_errors
from sidecar.storage.names import Names

# How Elasticsearch answers a path that it does not have, in this or in another verb.
_NOT_SERVED = (400, 404, 405)
_FORBIDDEN = 403
_MODULE = "x-pack-ml"


class NativeMl(Enum):
    """What `GET _ml/info` and the licence say."""

    OFF = "off"  # no such path: xpack.ml.enabled is false, or there is no such module
    UNLICENSED = "unlicensed"  # it runs its nightly maintenance, and answers nobody
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Native ML as it was found; with its module some names are system indices, on or off."""

    state: NativeMl
    has_system_indices: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the operator is told; with a `refusal` the sidecar does not start."""

    notes: tuple[str, ...] = ()
    refusal: str | None = None


def find_neighbour(connection: Connection) -> Neighbour:
    """Ask the cluster, as the sidecar's own account.

    Raises
    ------
    UnavailableError
        If the cluster does not answer, or the account may not ask.
    """
    client = connection.client
    with translated_errors():
        nodes = client.nodes.info(metric="plugins", filter_path="nodes.*.modules.name")["nodes"]
        modules = {module["name"] for node in nodes.values() for module in node["modules"]}
        if _MODULE not in modules:
            return Neighbour(NativeMl.OFF, has_system_indices=False)
        return Neighbour(_state(connection), has_system_indices=True)


def _state(connection: Connection) -> NativeMl:
    try:
        connection.client.ml.info()
    except ApiError as error:
        if error.status_code in _NOT_SERVED:
            return NativeMl.OFF
        if error.status_code == _FORBIDDEN and "license" in error_reason(error):
            return NativeMl.UNLICENSED
        raise
    # Where information needs no licence, this tells whether jobs would run.
    features = connection.client.xpack.info(categories=["features"])["features"]
    return NativeMl.RUNNING if features["ml"]["available"] else NativeMl.UNLICENSED


def judge(neighbour: Neighbour, names: Names) -> Verdict:
    """Say what works beside this native ML, and how to go on.

    Two owners of one job overwrite each other's model state, and native ML's nightly maintenance
    deletes state in `.ml-state*` of jobs that it does not know; both lose data, so both refuse.
    """
    if neighbour.state is NativeMl.OFF:
        if neighbour.has_system_indices and names.is_native:
            return Verdict((messages.native_ml_off(names.config, names.meta),))
        return Verdict()
    if names.is_native:
        if neighbour.state is NativeMl.RUNNING:
            return Verdict(refusal=messages.native_ml_owns_jobs())
        return Verdict((messages.native_ml_unlicensed(names.config, names.meta),))
    if names.state.startswith(Names().state_pattern.removesuffix("*")):
        return Verdict(refusal=messages.native_ml_cleans_state(names.state_pattern))
    return Verdict((messages.native_ml_beside(names.prefix),))
