"""Unit tests use no network; local sockets between processes are fine."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

# How long an example takes says nothing about the code: the first one may compile kernels.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")

pytest.register_assert_rewrite("integration.contract", "tests.fakes")


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
