"""What storage holds of a job's rules, put together."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar import messages
from sidecar.errors import ResourceNotFoundError
from sidecar.interfaces.configurations import CalendarStore, FilterStore
from sidecar.schema.job import Job
from sidecar.schema.rule_context import RuleContext, custom_rules


def filters_of(job: Job, filters: FilterStore) -> Mapping[str, tuple[str, ...]]:
    """Items of the filters that the job's rules name, by filter id.

    Raises ResourceNotFoundError (404) when one does not exist.
    """
    wanted = {name for d in job.analysis_config.detectors for name in d.filter_ids()}
    found = filters.get(wanted) if wanted else {}
    for name in sorted(wanted - found.keys()):
        raise ResourceNotFoundError(messages.unknown_filter(name))
    return found


def rule_context(job: Job, filters: FilterStore, calendars: CalendarStore) -> RuleContext:
    """The rules of a job with the filters they name and the events of its calendars.

    Raises ResourceNotFoundError (404) when a filter does not exist.
    """
    return RuleContext(
        custom_rules(job.analysis_config), filters_of(job, filters), tuple(calendars.events(job))
    )
