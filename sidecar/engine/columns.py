"""Growable columns: a table as one numpy array per field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sidecar.engine.arrays import IntArray

AnyArray = npt.NDArray[Any]

_FIRST_CAPACITY = 16


class Columns:
    """Columns of equal length that grow by doubling.

    Parameters
    ----------
    **fills : numpy scalar or array
        One per column: its dtype, and the value that rows beyond `size` hold, so that a new row
        needs no writing. Of an array every row holds one: the column has as many dimensions more.
    """

    __slots__ = ("_arrays", "_fills", "size")

    def __init__(self, **fills: np.generic | AnyArray) -> None:
        self._fills = fills
        self._arrays: dict[str, AnyArray] = {}
        self.size = 0
        self._allocate(_FIRST_CAPACITY)

    def __getitem__(self, name: str) -> AnyArray:
        """The whole array of a column, unused rows included (valid until the next growth)."""
        return self._arrays[name]

    def used(self, name: str) -> AnyArray:
        """(size,) view of a column."""
        return self._arrays[name][: self.size]

    def resize(self, size: int) -> None:
        """Make the table `size` rows long, at least as long as it was."""
        if size > self.capacity:
            self._allocate(max(size, 2 * self.capacity))
        self.size = size

    @property
    def capacity(self) -> int:
        """Rows that fit without growth."""
        return min(len(array) for array in self._arrays.values())

    def keep(self, rows: IntArray) -> None:
        """Drop all rows but these (ascending); they move together, in order."""
        before, self.size = self.size, len(rows)
        roomy = max(_FIRST_CAPACITY, 2 * self.size)
        shrink = self.capacity > 2 * roomy
        for name, fill in self._fills.items():
            kept = self._arrays[name][rows]
            if shrink:
                self._arrays[name] = _filled(roomy, fill)
            else:
                self._arrays[name][self.size : before] = fill
            self._arrays[name][: self.size] = kept

    def copy(self) -> Columns:
        """An independent copy."""
        twin = Columns(**self._fills)
        twin.load(self.size, self.save())
        return twin

    def nbytes(self) -> int:
        """Bytes of the used rows: a function of the contents, not of how they came about."""
        return self.size * sum(fill.nbytes for fill in self._fills.values())

    def save(self) -> dict[str, AnyArray]:
        """The used rows by column name (views)."""
        return {name: self.used(name) for name in self._arrays}

    def load(self, size: int, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved columns over; absent ones get their fill value, unknown ones are dropped.

        Raises ValueError when a column does not have `size` rows.
        """
        self._arrays = {}
        self._allocate(max(_FIRST_CAPACITY, size))
        self.size = size
        for name, array in self._arrays.items():
            saved = arrays.get(name)
            if saved is not None:
                if saved.shape != (size, *array.shape[1:]):
                    wanted = (size, *array.shape[1:])
                    raise ValueError(f"column [{name}] has shape {saved.shape}, not {wanted}")
                array[:size] = saved

    def _allocate(self, capacity: int) -> None:
        for name, fill in self._fills.items():
            array = _filled(capacity, fill)
            if name in self._arrays:
                array[: self.size] = self._arrays[name][: self.size]
            self._arrays[name] = array


def _filled(rows: int, fill: np.generic | AnyArray) -> AnyArray:
    return np.full((rows, *fill.shape), fill, fill.dtype)


def within(arrays: Mapping[str, AnyArray], prefix: str) -> dict[str, AnyArray]:
    """Those of some named arrays whose names begin with `prefix/`, named without it."""
    start = f"{prefix}/"
    return {name.removeprefix(start): a for name, a in arrays.items() if name.startswith(start)}


def under(prefix: str, arrays: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """The arrays, named `prefix/name`: the inverse of `within`."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}
