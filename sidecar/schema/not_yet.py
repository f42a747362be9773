"""What Elasticsearch's jobs can do and ours cannot yet; a row goes when the feature comes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sidecar import messages
from sidecar.errors import BadRequestError
from sidecar.schema.job import Job


@dataclass(frozen=True, slots=True)
class _NotYet:
    """One feature: how errors call it, what to use instead, and whether a job uses it."""

    what: str
    instead: str
    used_by: Callable[[Job], bool]


_ROWS = (
    _NotYet(
        "[datafeed_config]",
        "create the job without it and send data with the post data API",
        lambda job: job.datafeed_config is not None,
    ),
)


def require_supported(job: Job, supported_functions: Collection[str]) -> None:
    """Raise BadRequestError when a valid job uses something that is not there yet.

    Parameters
    ----------
    supported_functions : collection of str
        Names of the detector functions that the engine has.
    """
    for detector in job.analysis_config.detectors:
        if detector.function not in supported_functions:
            raise BadRequestError(
                messages.not_supported_yet(
                    f"Function [{detector.function}]",
                    f"use one of [{', '.join(sorted(supported_functions))}]",
                )
            )
    for row in _ROWS:
        if row.used_by(job):
            raise BadRequestError(messages.not_supported_yet(row.what, row.instead))
