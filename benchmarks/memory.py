"""Peak memory of a process and its descendants, read from Linux's /proc."""

from __future__ import annotations

import threading
from pathlib import Path

from integration.process_tree import tree

MIB = 1024 * 1024


def _proportional_bytes(pid: int) -> int:
    """Pages shared by several processes count in parts (PSS), so that a sum is honest."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class PeakMemory:
    """Samples the memory of a process tree in the background; `peak_bytes` is the largest sum."""

    def __init__(self, pid: int, interval_s: float = 0.1) -> None:
        self._pid = pid
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.peak_bytes = 0

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            total = sum(_proportional_bytes(pid) for pid in tree(self._pid))
            self.peak_bytes = max(self.peak_bytes, total)
