"""Expressions that name jobs: ids, groups, wildcards, lists of them, `_all`."""

from __future__ import annotations

from collections.abc import Iterable

from sidecar import messages
from sidecar.errors import ResourceNotFoundError
from sidecar.schema.job import Job

_EVERYTHING = ("_all", "*")


def expand_job_ids(expression: str, jobs: Iterable[Job], *, allow_no_match: bool) -> list[str]:
    """Ids of the jobs that an expression names, sorted, each once.

    Parameters
    ----------
    expression : str
        Ids, group names and patterns with `*`, separated by commas; `_all`, `*` or nothing for
        all jobs.
    jobs : iterable of Job
        All jobs there are.
    allow_no_match : bool
        Whether a pattern (or `_all`) may match nothing. An id or group always has to exist.

    Raises
    ------
    ResourceNotFoundError
        `No known job with id '…'` with what matched nothing.
    """
    tokens = [token.strip() for token in expression.split(",") if token.strip()]
    if not tokens or (len(tokens) == 1 and tokens[0] in _EVERYTHING):
        tokens = ["*"]
    names = {job.job_id: {job.job_id, *job.groups} for job in jobs}
    found: set[str] = set()
    missing: list[str] = []
    for token in dict.fromkeys(tokens):
        matched = {
            job_id
            for job_id, known in names.items()
            if any(_matches(token, name) for name in known)
        }
        found |= matched
        if not matched and not (allow_no_match and "*" in token):
            missing.append(token)
    if missing:
        raise ResourceNotFoundError(messages.unknown_job(",".join(missing)))
    return sorted(found)


def _matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern; `*` stands for any text."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == name
    if not name.startswith(first):
        return False
    at = len(first)
    *middle, last = rest
    for part in middle:
        at = name.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return name.endswith(last) and len(name) - len(last) >= at
