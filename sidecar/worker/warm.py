"""Loaded last by the fork server: the worker with compiled kernels, shared by all jobs."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time

import sidecar.worker.opening  # noqa: F401 - loaded for the processes that are forked from here
from sidecar.engine.warm_up import warm_up as warm_up_engine
from sidecar.engine.warm_up import warm_up_series
from sidecar.worker.compiler_pages import let_go_of_compiler
from sidecar.worker.record_reader import warm_up as warm_up_reader

logger = logging.getLogger(__name__)

_LOOK_S = 1.0


def _fill_cache() -> None:
    """Compile what is not in the cache of kernels, in a process that keeps the memory for it."""
    parent = os.getpid()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        warm_up_engine()
        warm_up_reader()
    except Exception:
        # Each job process compiles for itself then: slower to open, nothing else.
        logger.exception("the kernels could not be compiled beforehand")
    finally:
        os._exit(0)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)


_fill_cache()
try:
    warm_up_series()
    warm_up_reader()
except Exception:
    logger.exception("the kernels could not be loaded beforehand")
# The jobs' collectors leave alone what is here already: else they would write into every page of
# it, and none would be shared for long.
gc.collect()
gc.freeze()
let_go_of_compiler()
