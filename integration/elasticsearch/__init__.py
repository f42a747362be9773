"""One real Elasticsearch with security on, for the demo, the tests and CI.

In this order: the server that SIDECAR_TEST_ES_URL names; a container of the official image; a
container of an image built here; a process of this machine (not in CI, where a missing container
engine is an error). What the test server lacks against a full one is in `distribution`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from integration.elasticsearch import container, process
from integration.elasticsearch.cluster import Answer, Cluster, basic
from integration.elasticsearch.options import (
    USERNAME,
    VERSIONS,
    ClusterOptions,
    StartError,
    UnavailableError,
    containers_only,
    one_at_a_time,
    progress,
)

__all__ = [
    "VERSIONS", "Answer", "Cluster", "StartError", "basic", "borrowed", "down", "up",
]  # fmt: skip


def up(
    version: str | None = None,
    port: int | None = None,
    password: str | None = None,
    *,
    own: bool = False,
) -> Cluster:
    """Return a cluster that is ready: health green or yellow, users, roles and API keys work.

    One that is already up is returned as it is, with the password it was started with.

    Parameters
    ----------
    version, port, password : optional
        Defaults: SIDECAR_TEST_ES_VERSION and SIDECAR_TEST_ES_PASSWORD, then 8.19.7; a port per
        version from SIDECAR_TEST_ES_FIRST_PORT (9250) on.
    own : bool
        Start one even if SIDECAR_TEST_ES_URL names a server, for tests that stop or kill it.

    Raises
    ------
    StartError
        If none can be had, or it does not become ready.
    """
    if not own and (external := _external()):
        return external
    options = ClusterOptions.of(version, port, password)
    with one_at_a_time():
        cluster = _find(options)
        if cluster is None:
            return _fresh(options)
        if password not in {None, cluster.password}:
            raise StartError(f"{options.name} is up with another password: `down` it first")
        if not cluster.is_healthy():
            _resume(cluster)
        return cluster


def down(version: str | None = None, port: int | None = None) -> None:
    """End what `up` started at this port, and delete its data; nothing if it is not up.

    Without a version: each of those that we name.
    """
    if _external():
        progress("SIDECAR_TEST_ES_URL names the server: it is left alone")
        return
    for each in (version,) if version else VERSIONS:
        _remove(ClusterOptions.of(each, port))


@contextmanager
def borrowed(
    version: str | None = None, port: int | None = None, *, own: bool = False
) -> Iterator[Cluster]:
    """`up`, and afterwards as it was found: `down` only what was not there before."""
    options = ClusterOptions.of(version, port)
    was_there = bool(not own and _external()) or _find(options) is not None
    cluster = up(version, port, own=own)
    try:
        yield cluster
    finally:
        if not was_there:
            _remove(options)


def _external() -> Cluster | None:
    url = os.environ.get("SIDECAR_TEST_ES_URL")
    if not url:
        return None
    username = os.environ.get("SIDECAR_TEST_ES_USERNAME") or USERNAME
    password = os.environ.get("SIDECAR_TEST_ES_PASSWORD", "")
    cluster = Cluster(url.rstrip("/"), username, password, "", "external")
    try:
        answer = cluster.request("GET", "/_nodes?filter_path=nodes.*.version")
    except OSError as error:
        raise StartError(f"SIDECAR_TEST_ES_URL {url} does not answer: {error}") from error
    if answer.status != 200:
        raise StartError(f"SIDECAR_TEST_ES_URL {url} answers {answer.status}: {answer.body}")
    version = min(node["version"] for node in answer.body["nodes"].values())
    return Cluster(cluster.url, username, password, version, "external")


def _find(options: ClusterOptions) -> Cluster | None:
    found = container.find(options)
    if found is None and not containers_only():
        found = process.find(options)
    return found


def _resume(cluster: Cluster) -> None:
    node = cluster.node
    if node is not None and not node.is_alive():
        progress(f"starting {cluster.url} again, with the data it had")
        node.start()
    cluster.wait_until_ready()


def _fresh(options: ClusterOptions) -> Cluster:
    sources = [container.from_official_image, container.from_built_image]
    if not containers_only():
        sources.append(process.from_distribution)
    refusals = []
    for source in sources:
        try:
            cluster = source(options)
        except UnavailableError as refusal:
            refusals.append(str(refusal))
            continue
        try:
            cluster.wait_until_ready()
        except BaseException:
            _remove(options)
            raise
        progress(f"Elasticsearch {cluster.version} is ready at {cluster.url}")
        return cluster
    tried = "\n".join(f"- {refusal}" for refusal in dict.fromkeys(refusals))
    raise StartError(f"no Elasticsearch {options.version} can be had:\n{tried}")


def _remove(options: ClusterOptions) -> None:
    cluster = _find(options)
    if cluster is not None and cluster.node is not None:
        progress(f"removing {options.name}")
        cluster.node.remove()
