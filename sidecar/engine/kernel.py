"""How the engine's kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from numba import njit

_Result = TypeVar("_Result")


def kernel(function: Callable[..., _Result]) -> Callable[..., _Result]:
    """Compile a function that makes no array, without the GIL, cached on disk.

    Such a function needs no reference counts of the arrays it is given, and is compiled without
    them: a step takes a dozen rows of arrays, and counting these took most of its time.
    """
    compiled: Callable[..., _Result] = njit(cache=True, nogil=True, _nrt=False)(function)
    return compiled
