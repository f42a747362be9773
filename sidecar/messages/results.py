"""Results and their indices."""

from __future__ import annotations


def mapping_clash(field: str) -> str:
    """The results index maps a term field of the job as something else than a keyword."""
    return (
        f"This job would cause a mapping clash with existing field [{field}] - "
        "avoid the clash by assigning a dedicated results index"
    )


def too_many_fields(index: str) -> str:
    """The results index cannot take the term fields of the job."""
    return (
        f"Cannot create job in index '{index}' as the index.mapping.total_fields.limit setting "
        "will be violated"
    )


def closed_results_index(job_id: str, index: str) -> str:
    """The results index of a new job is closed."""
    return f"Cannot create job [{job_id}] as it requires closed index [{index}]"


def alias_is_an_index(alias: str) -> str:
    """An index stands where an alias of the sidecar belongs."""
    return (
        "Detected a problem with your setup of machine learning, the state index alias "
        f"[{alias}] exists as index but must be an alias."
    )


def alias_is_taken(alias: str) -> str:
    """An alias of a job would have the name of an index."""
    return (
        f"Invalid alias name [{alias}]: an index or data stream exists with the same name as the "
        "alias"
    )


def result_window_too_large(window: int, limit: int) -> str:
    """A page of results ends behind what Elasticsearch pages through."""
    return (
        "Result window is too large, from + size must be less than or equal to: "
        f"[{limit}] but was [{window}]. See the scroll api for a more efficient way to "
        "request large data sets. This limit can be set by changing the "
        "[index.max_result_window] index level setting."
    )


def all_shards_failed() -> str:
    """Every shard refused a search."""
    return "all shards failed"
