"""A process that ends when its parent ends, so that a killed parent leaves no orphans."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to kill this process when its parent is gone (Linux; elsewhere nothing).

    `parent_pid` is the parent as it was known before this call: when it is gone already, this
    process ends here. The kernel means the parent's *thread* that made this process.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)
