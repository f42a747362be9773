"""Images to run: the official one where it can be had, else one built here."""

from __future__ import annotations

import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any

import docker
from docker.errors import APIError, BuildError, DockerException

from integration.elasticsearch import base_image, distribution
from integration.elasticsearch.options import ClusterOptions, UnavailableError, progress

_OFFICIAL = "elasticsearch"
_BUILT = "ml-sidecar/elasticsearch"
_REGISTRY_PATIENCE_S = 10
_DOCKERFILE = Path(__file__).with_name("Dockerfile")
_ENTRYPOINT = Path(__file__).with_name("entrypoint.sh")


def official(engine: Any, options: ClusterOptions) -> str:
    """Name of the official image, pulled if it can be.

    Raises
    ------
    UnavailableError
        If no registry gives it; a refusal or silence is noticed within seconds.
    """
    name = f"{_OFFICIAL}:{options.version}"
    if engine.images.list(name):
        return name
    impatient = docker.from_env(version="auto", timeout=_REGISTRY_PATIENCE_S)
    try:
        impatient.images.get_registry_data(name)
    except (DockerException, OSError) as error:
        raise UnavailableError(f"the official image cannot be pulled: {error}") from error
    finally:
        impatient.close()
    progress(f"pulling the official image of Elasticsearch {options.version}")
    try:
        engine.images.pull(_OFFICIAL, options.version)
    except (DockerException, OSError) as error:
        raise UnavailableError(f"the official image could not be pulled: {error}") from error
    return name


def built_name(options: ClusterOptions) -> str:
    """Name of our image; the same recipe and plugin give the same name."""
    recipe = [_DOCKERFILE, _ENTRYPOINT, *distribution.plugin_files()]
    return f"{_BUILT}:{options.version}-{distribution.content_hash(recipe)}"


def built(engine: Any, options: ClusterOptions) -> str:
    """Name of our image, built if the engine does not have it.

    Raises
    ------
    UnavailableError
        If the base, the distribution or the build cannot be had here.
    """
    name = built_name(options)
    if engine.images.list(name):
        return name
    archive = distribution.zip_file(options.version)
    base = base_image.require(engine, options.java)
    progress(f"building an image of Elasticsearch {options.version}")
    with tempfile.TemporaryFile() as context:
        _write_context(context, archive, options.version)
        context.seek(0)
        try:
            engine.images.build(
                fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True,
                # The steps need no network; the host's needs no bridge and no namespace.
                network_mode="host",
                buildargs={"BASE": base, "VERSION": options.version},
            )  # fmt: skip
        except BuildError as error:
            lines = "".join(str(line.get("stream", "")) for line in error.build_log)
            raise UnavailableError(f"the image could not be built: {error}\n{lines}") from error
        except APIError as error:
            raise UnavailableError(f"the image could not be built: {error}") from error
    return name


def _write_context(target: IO[bytes], archive: Path, version: str) -> None:
    """Write the build context; the zip goes in member by member, never unpacked on this machine."""
    with tarfile.open(fileobj=target, mode="w") as tar, zipfile.ZipFile(archive) as source:
        for file in (_DOCKERFILE, _ENTRYPOINT):
            tar.add(file, file.name)
        for file in distribution.plugin_files():
            tar.add(file, f"analysis_plugin/{file.relative_to(distribution.PLUGIN_SOURCE)}")
        for member in source.infolist():
            if member.is_dir():
                continue
            inside = member.filename.removeprefix(f"elasticsearch-{version}/")
            entry = tarfile.TarInfo(f"elasticsearch/{inside}")
            entry.size = member.file_size
            entry.mode = stat.S_IMODE(member.external_attr >> 16) or 0o644
            with source.open(member) as content:
                tar.addfile(entry, content)
