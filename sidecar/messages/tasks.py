"""Tasks."""

from __future__ import annotations


def malformed_task_id(task_id: str) -> str:
    """Not of the form `<node>:<number>`."""
    return f"malformed task id {task_id}"


def task_not_found(task_id: str) -> str:
    """No such task."""
    return f"task [{task_id}] isn't running and hasn't stored its results"


def task_timed_out(task_id: str) -> str:
    """The task goes on longer than the caller wanted to wait."""
    return f"Timed out waiting for completion of task [{task_id}]"
