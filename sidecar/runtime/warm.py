"""Loaded once by the fork server: numpy, numba and the compiled kernels, shared by all jobs."""

from __future__ import annotations

import logging
import os

import numba  # noqa: F401 - loaded for the processes that are forked from here
import numpy as np  # noqa: F401 - loaded for the processes that are forked from here

from sidecar.engine.warm_up import warm_up
from sidecar.runtime.parent_death import die_with_parent

logger = logging.getLogger(__name__)

die_with_parent(os.getppid())
try:
    warm_up()
except Exception:
    # Each job process compiles for itself then: slower to open, nothing else.
    logger.exception("the kernels could not be compiled beforehand")
