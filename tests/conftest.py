"""Unit tests use no network; local sockets between processes are fine."""

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket

pytest.register_assert_rewrite("integration.contract", "tests.fakes")


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
