"""Loaded last by the fork server: the worker with its compiled kernels, shared by all jobs."""

from __future__ import annotations

import gc
import logging

import sidecar.worker.opening  # noqa: F401 - loaded for the processes that are forked from here
from sidecar.engine.warm_up import warm_up as warm_up_engine
from sidecar.worker.record_reader import warm_up as warm_up_reader

logger = logging.getLogger(__name__)

try:
    warm_up_engine()
    warm_up_reader()
except Exception:
    # Each job process compiles for itself then: slower to open, nothing else.
    logger.exception("the kernels could not be compiled beforehand")
# The jobs' collectors leave alone what is here already: else they would write into every page of
# it, and none would be shared for long.
gc.collect()
gc.freeze()
