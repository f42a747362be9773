"""Giving back the memory of the compiler."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from numba import njit

from sidecar.worker.compiler_pages import let_go_of_compiler

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def compiler_kib() -> int:
    """Resident part of LLVM's library."""
    resident, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            inside = "libllvmlite" in words[-1]
        elif inside and words[0] == "Rss:":
            resident += int(words[1])
    return resident


def twice(x: int) -> int:
    return 2 * x


def test_the_compiler_leaves_most_of_its_memory_and_works_again() -> None:
    assert njit(twice)(2) == 4
    before = compiler_kib()
    let_go_of_compiler()
    assert compiler_kib() < before / 2
    assert njit(twice)(2.5) == 5.0
