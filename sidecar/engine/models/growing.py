"""Arrays that grow along their first axis."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

# Rows of an array that has any.
_LEAST_CAPACITY = 4

Scalar = TypeVar("Scalar", bound=np.generic)


def enlarged(array: npt.NDArray[Scalar], length: int) -> npt.NDArray[Scalar]:
    """The array with zero rows behind it, up to `length` in all."""
    if length <= len(array):
        return array
    larger: npt.NDArray[Scalar] = np.zeros((length, *array.shape[1:]), dtype=array.dtype)
    larger[: len(array)] = array
    return larger


def capacity_for(wanted: int, capacity: int) -> int:
    """Rows to have for `wanted` ones: twice as many as there are, so that copies are few."""
    return capacity if wanted <= capacity else max(wanted, 2 * capacity, _LEAST_CAPACITY)
