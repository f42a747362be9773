"""Names of the array types used in the engine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CodeArray = npt.NDArray[np.int32]
ByteArray = npt.NDArray[np.uint8]
HashArray = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]
