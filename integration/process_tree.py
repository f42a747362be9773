"""Which process of a running sidecar is which, read from Linux's /proc."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def tree(pid: int) -> list[int]:
    """The process and all its descendants that are alive."""
    try:
        members = [pid]
        for child in _children(pid):
            members += tree(child)
    except OSError:
        return []
    return members


def is_alive(pid: int) -> bool:
    """Whether there is such a process that is not a zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def supervisors(serve_pid: int) -> list[int]:
    """The process that owns the jobs; none while it is being started again."""
    return _by_command(serve_pid, "supervise")


def fork_servers(serve_pid: int) -> list[int]:
    """The process that job processes are forked from."""
    return _by_command(serve_pid, "multiprocessing.forkserver")[:1]


def http_masters(serve_pid: int) -> list[int]:
    """Gunicorn's own process; its children are the HTTP workers."""
    return _by_command(serve_pid, "gunicorn")[:1]


def http_workers(serve_pid: int) -> list[int]:
    """The processes that answer requests."""
    return _by_command(serve_pid, "gunicorn")[1:]


def job_processes(serve_pid: int, job_id: str) -> list[int]:
    """The process of an open job: it holds the lock of the job's journal."""
    lock = f"/journal/{job_id}/lock"
    return [pid for pid in tree(serve_pid) if any(f.endswith(lock) for f in _open_files(pid))]


def kill(pid: int) -> None:
    """SIGKILL; a process that is gone already is fine."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def _by_command(serve_pid: int, what: str) -> list[int]:
    return [pid for pid in tree(serve_pid) if what in _command(pid)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _open_files(pid: int) -> list[str]:
    found: list[str] = []
    try:
        # It may end, or open and close files, while we look.
        found.extend(str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return found
    return found
