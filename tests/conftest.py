"""Unit tests use no network; local sockets between processes are fine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

# How long an example takes says nothing about the code: the first one may compile kernels.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


def _forget_stale_kernels() -> None:
    """Empty the cache of compiled kernels when any source is newer than it.

    numba looks at a kernel's own file alone: it would go on with the old code of a kernel that
    calls another one, in another file, that was changed.
    """
    package = Path(__file__).parents[1] / "sidecar"
    compiled = list(package.rglob("__pycache__/*.nb[ic]"))
    oldest = min((path.stat().st_mtime for path in compiled), default=0.0)
    sources = [*package.glob("engine/**/*.py"), *package.glob("worker/record_reader/*.py")]
    if any(path.stat().st_mtime > oldest for path in sources):
        for path in compiled:
            path.unlink()


_forget_stale_kernels()
pytest.register_assert_rewrite("integration.contract", "tests.fakes")


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
