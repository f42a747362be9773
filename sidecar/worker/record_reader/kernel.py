"""How the kernels of the record reader are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])


def kernel(function: _Function) -> _Function:
    """Compile a function that makes no array, without the GIL, cached on disk.

    Such a function needs no reference counts of the arrays it is given, and is compiled without
    them: they cost several times the work that is done for one short text.
    """
    compiled: _Function = njit(cache=True, nogil=True, _nrt=False)(function)
    return compiled


def inlined(function: _Function) -> _Function:
    """Compile as `kernel` does, into each caller: for what is called many times in a record."""
    compiled: _Function = njit(cache=True, nogil=True, _nrt=False, forceinline=True)(function)
    return compiled
