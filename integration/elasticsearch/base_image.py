"""A Debian base image with a JDK, made without any image registry: debootstrap, then import.

Everything is downloaded on this machine, with its proxies and certificates; nothing in a container.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.elasticsearch.options import UnavailableError, cache_dir, progress

_REPOSITORY = "ml-sidecar/debian-jdk"
_LEFT_OUT = ("./var/cache/apt/*", "./var/lib/apt/lists/*", "./usr/share/doc/*", "./usr/share/man/*")


@dataclass(frozen=True, slots=True)
class Suite:
    """A Debian release and the JDK that is in it."""

    codename: str
    java: int

    @property
    def tag(self) -> str:
        """Name of the base image made of it."""
        return f"{_REPOSITORY}:{self.codename}-{self.java}"


# In the order of preference: an older mirror snapshot may have only the second.
SUITES = (Suite("trixie", 21), Suite("bookworm", 17))


def require(engine: Any, java: int) -> str:
    """Name of a base image with at least this Java release, made if the engine has none.

    Parameters
    ----------
    engine : docker.DockerClient

    Raises
    ------
    UnavailableError
        If this machine cannot make one.
    """
    suites = [suite for suite in SUITES if suite.java >= java]
    for suite in suites:
        if engine.images.list(suite.tag):
            return suite.tag
    if shutil.which("debootstrap") is None:
        raise UnavailableError("a base image is made with debootstrap, which is not installed")
    if os.geteuid() != 0:
        raise UnavailableError("a base image is made with debootstrap, which only root can run")
    mirror = _mirror()
    for suite in suites:
        if _carries(mirror, suite):
            _make(engine, mirror, suite)
            return suite.tag
    wanted = " or ".join(suite.codename for suite in suites)
    raise UnavailableError(f"the Debian mirror that apt uses does not carry {wanted}")


def _mirror() -> str:
    """Return the mirror that apt takes this machine's own release from."""
    apt = shutil.which("apt-get")
    codename = _os_release().get("VERSION_CODENAME", "")
    if apt is None or _os_release().get("ID") != "debian":
        raise UnavailableError("a base image is made from apt's mirror, on a Debian machine")
    listing = subprocess.run(
        [apt, "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for line in listing.splitlines():
        release, component, uri = line.split(" ", 2)
        if release in {codename, "stable"} and component == "main":
            return uri
    raise UnavailableError(f"apt has no source for main of Debian {codename}")


def _os_release() -> dict[str, str]:
    lines = Path("/etc/os-release").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip('"') for name, _, value in pairs}


def _carries(mirror: str, suite: Suite) -> bool:
    address = f"{mirror.rstrip('/')}/dists/{suite.codename}/Release"
    request = urllib.request.Request(address, method="HEAD")  # noqa: S310 - apt's own mirror
    try:
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            return True
    except OSError:
        return False


def _make(engine: Any, mirror: str, suite: Suite) -> None:
    progress(f"making a base image of Debian {suite.codename} with JDK {suite.java} (debootstrap)")
    packages = cache_dir() / "debian" / suite.codename
    packages.mkdir(parents=True, exist_ok=True)
    # Not below /tmp, which is often mounted without device files.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ml-sidecar-") as folder:
        root = Path(folder) / "root"
        command = [
            "debootstrap", "--variant=minbase", f"--cache-dir={packages}",
            f"--include=openjdk-{suite.java}-jdk-headless", suite.codename, str(root), mirror,
        ]  # fmt: skip
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            detail = (made.stdout + made.stderr)[-2000:]
            raise UnavailableError(f"debootstrap could not make a base image:\n{detail}")
        archive = ["tar", "--directory", str(root), "--numeric-owner", "--create", "."]
        archive[1:1] = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
        with subprocess.Popen(archive, stdout=subprocess.PIPE) as tar:
            repository, _, tag = suite.tag.partition(":")
            engine.api.import_image_from_stream(tar.stdout, repository, tag)
        if tar.returncode:
            engine.images.remove(suite.tag)
            raise UnavailableError("the base image could not be packed")
