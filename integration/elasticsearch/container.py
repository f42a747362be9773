"""A cluster in a container."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import DockerException, NotFound

from integration.elasticsearch import image, server_settings
from integration.elasticsearch.cluster import Cluster
from integration.elasticsearch.options import (
    USERNAME,
    ClusterOptions,
    StartError,
    UnavailableError,
    progress,
    require_free,
)

_OFFICIAL_KIND, _BUILT_KIND = "official-image", "built-image"
_KIND_LABEL = "ml-sidecar.elasticsearch.kind"
_STOP_PATIENCE_S = 60
_ENGINE_PATIENCE_S = 600


@dataclass(frozen=True, slots=True)
class ContainerNode:
    """The server in the container of this name; data lives in the container's own layer."""

    name: str

    def start(self) -> None:
        """Start the container again."""
        with _engine() as engine:
            engine.containers.get(self.name).start()

    def stop(self) -> None:
        """Send SIGTERM and wait."""
        with _engine() as engine:
            engine.containers.get(self.name).stop(timeout=_STOP_PATIENCE_S)

    def kill(self) -> None:
        """Send SIGKILL and wait."""
        with _engine() as engine:
            container = engine.containers.get(self.name)
            container.kill()
            container.wait()

    def remove(self) -> None:
        """Delete the container and its data."""
        with _engine() as engine:
            engine.containers.get(self.name).remove(force=True, v=True)

    def is_alive(self) -> bool:
        """Whether the container runs."""
        with _engine() as engine:
            return bool(engine.containers.get(self.name).status == "running")

    def log_tail(self) -> str:
        """Return its last lines."""
        with _engine() as engine:
            logs: bytes = engine.containers.get(self.name).logs(tail=60)
            return logs.decode(errors="replace")


def find(options: ClusterOptions) -> Cluster | None:
    """Return the cluster whose container exists, running or not."""
    try:
        with _engine() as engine:
            container = engine.containers.get(options.name)
            environ = dict(pair.split("=", 1) for pair in container.attrs["Config"]["Env"])
            kind = container.labels[_KIND_LABEL]
    except (UnavailableError, NotFound):
        return None
    return _cluster(options, environ["ELASTIC_PASSWORD"], kind)


def from_official_image(options: ClusterOptions) -> Cluster:
    """Start a container of the official image; raises UnavailableError if it cannot be had."""
    with _engine() as engine:
        return _run(engine, options, image.official(engine, options), _OFFICIAL_KIND)


def from_built_image(options: ClusterOptions) -> Cluster:
    """Start a container of our own image; raises UnavailableError if it cannot be built."""
    with _engine() as engine:
        return _run(engine, options, image.built(engine, options), _BUILT_KIND)


def _run(engine: Any, options: ClusterOptions, name: str, kind: str) -> Cluster:
    require_free(options.port)
    on_host = sys.platform == "linux" and engine.info()["OperatingSystem"] != "Docker Desktop"
    network: dict[str, object] = {"network_mode": "host"}
    if not on_host:
        network = {"ports": {f"{options.port}/tcp": ("127.0.0.1", options.port)}}
    settings = server_settings.settings(
        options,
        host="127.0.0.1" if on_host else "0.0.0.0",  # noqa: S104 - published on loopback only
        full_distribution=kind == _OFFICIAL_KIND,
    )
    progress(f"starting a container of {name} on port {options.port}")
    container = engine.containers.create(
        name,
        server_settings.command("elasticsearch", settings),
        name=options.name,
        labels={_KIND_LABEL: kind},
        environment={
            "ELASTIC_PASSWORD": options.password,
            "ES_JAVA_OPTS": options.java_options,
        },
        **network,
    )
    try:
        container.start()
    except DockerException as error:
        container.remove(force=True)
        raise StartError(f"the container did not start: {error}") from error
    return _cluster(options, options.password, kind)


def _cluster(options: ClusterOptions, password: str, kind: str) -> Cluster:
    node = ContainerNode(options.name)
    return Cluster(options.url, USERNAME, password, options.version, kind, node)


@contextmanager
def _engine() -> Iterator[Any]:
    """Give a client of the container engine; raises UnavailableError if none answers."""
    try:
        client = docker.from_env(version="auto", timeout=_ENGINE_PATIENCE_S)
    except DockerException as error:
        raise UnavailableError(f"no container engine answers: {error}") from error
    try:
        yield client
    finally:
        client.close()
