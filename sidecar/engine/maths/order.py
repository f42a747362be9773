"""Sorting inside kernels, without new arrays."""

from __future__ import annotations

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.kernel import kernel


@kernel
def least_first(keys: FloatArray, n: int, order: IntArray) -> None:
    """Places of the first `n` keys in ascending order in `order[0]`; equal ones stay in order.

    `order` is (2, at least n) int64; merges runs of doubling length.
    """
    for i in range(n):
        order[0, i] = i
    width = 1
    while width < n:
        for low in range(0, n, 2 * width):
            middle = min(low + width, n)
            high = min(low + 2 * width, n)
            left, right = low, middle
            for at in range(low, high):
                if left < middle and (
                    right >= high or keys[order[0, left]] <= keys[order[0, right]]
                ):
                    order[1, at] = order[0, left]
                    left += 1
                else:
                    order[1, at] = order[0, right]
                    right += 1
        for i in range(n):
            order[0, i] = order[1, i]
        width *= 2
