"""`ml-sidecar warm-up`: compile the engine's kernels before they are needed."""

from __future__ import annotations

import sys
import time

from sidecar.engine.warm_up import warm_up as warm_up_engine
from sidecar.worker.record_reader import warm_up as warm_up_reader


def warm_up() -> int:
    """Fill the on-disk cache of compiled kernels; returns the exit status.

    Without it the first start of the sidecar does so, and opens jobs some minutes later.
    """
    sys.stdout.write("compiling the engine (once for each version, some minutes) ... ")
    sys.stdout.flush()
    started = time.monotonic()
    warm_up_engine()
    warm_up_reader()
    sys.stdout.write(f"done in {time.monotonic() - started:.0f} s\n")
    return 0
