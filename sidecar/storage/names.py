"""Names of indices, aliases and templates."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sidecar.schema.ids import check_id
from sidecar.schema.job import Job

NATIVE_PREFIX = ".ml-"

RESULTS_PREFIX = ".ml-anomalies-"
RESULTS_PATTERN = ".ml-anomalies-*"
SHARED_RESULTS = ".ml-anomalies-shared"

ANNOTATIONS = ".ml-annotations-000001"
ANNOTATIONS_READ = ".ml-annotations-read"
ANNOTATIONS_WRITE = ".ml-annotations-write"
ANNOTATIONS_PATTERN = ".ml-annotations-*"

NOTIFICATIONS = ".ml-notifications-000002"
NOTIFICATIONS_WRITE = ".ml-notifications-write"
NOTIFICATIONS_PATTERN = ".ml-notifications-*"

_GENERATION = re.compile(r"-\d{6}$")


@dataclass(frozen=True, slots=True)
class Names:
    """Names that depend on the `index_prefix` setting.

    Results, annotations and notifications keep their native names whatever the prefix, so that
    dashboards find them.
    """

    prefix: str = NATIVE_PREFIX

    @property
    def is_native(self) -> bool:
        """Whether all names are those of Elasticsearch's own ML."""
        return self.prefix == NATIVE_PREFIX

    @property
    def config(self) -> str:
        """Configurations of jobs and datafeeds."""
        return f"{self.prefix}config"

    @property
    def meta(self) -> str:
        """Calendars and filters."""
        return f"{self.prefix}meta"

    @property
    def sidecar(self) -> str:
        """Tasks: what only the sidecar needs."""
        return f"{self.prefix}sidecar"

    @property
    def state(self) -> str:
        """Oldest generation of model state."""
        return f"{self.prefix}state-000001"

    @property
    def state_write(self) -> str:
        """Alias of the newest generation of model state."""
        return f"{self.prefix}state-write"

    @property
    def state_pattern(self) -> str:
        """All generations of model state."""
        return f"{self.prefix}state*"


def results_index(job: Job) -> str:
    """Index that a job's results are in, unless it was rolled over."""
    return RESULTS_PREFIX + _one_name("results_index_name", job.results_index_name)


def read_alias(job_id: str) -> str:
    """Alias that shows the results of one job."""
    return RESULTS_PREFIX + _one_name("job_id", job_id)


def write_alias(job_id: str) -> str:
    """Alias that results of a job are written through."""
    # The dot keeps it apart from the read alias of a job whose id starts with `write-`.
    return f"{RESULTS_PREFIX}.write-{_one_name('job_id', job_id)}"


def _one_name(field: str, text: str) -> str:
    """Refuse what Elasticsearch would take for several names, a pattern or another cluster's.

    Ids are checked when they come in; this holds whatever is in a stored configuration. Raises
    IllegalArgumentError.
    """
    check_id(field, text)
    return text


def is_shared(index: str) -> bool:
    """Whether an index is (a generation of) the one shared by all jobs by default."""
    return _GENERATION.sub("", index) == SHARED_RESULTS


def generation(index: str) -> int:
    """Give the number a rolled-over index ends in; 0 when it does not end so."""
    found = _GENERATION.search(index)
    return int(found.group()[1:]) if found else 0
