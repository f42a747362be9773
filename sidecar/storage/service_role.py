"""The role of the sidecar's own account: all that it needs, and nothing else.

Each entry was found by starting with none and adding what a run was refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.storage.names import ANNOTATIONS_PATTERN, NOTIFICATIONS_PATTERN, RESULTS_PATTERN, Names

# Who the cluster is, its templates.
CLUSTER = ("monitor", "manage_index_templates")
# API keys for datafeeds and analytics to run as whoever created them, and their end.
CREDENTIALS = (
    "grant_api_key",
    "cluster:admin/xpack/security/api_key/invalidate",
)
# To clone the key of a caller who came with one, together with `run_as`; to see whether the owner
# of stored credentials is still there; and to find keys whose note is lost.
CLONING = ("read_security",)
# `manage` would do for the last two and much more.
INDEX = (
    "read",
    "write",
    "create_index",
    "delete_index",
    "maintenance",
    "view_index_metadata",
    "indices:admin/aliases",
    "indices:admin/mapping/put",
)


def service_role(names: Names, run_as: Sequence[str] = ()) -> dict[str, Any]:
    """Give the role descriptor.

    Parameters
    ----------
    names : Names
        With the default prefix some of the indices are system indices where Elasticsearch has its
        own ML module, which only a role that allows restricted indices reaches.
    run_as : sequence of str
        Users (or patterns of them) whose API keys may be cloned; none: no key is.
    """
    role: dict[str, Any] = {
        "cluster": [*CLUSTER, *CREDENTIALS, *(CLONING if run_as else ())],
        "indices": [
            {
                "names": list(_patterns(names)),
                "privileges": list(INDEX),
                "allow_restricted_indices": names.is_native,
            }
        ],
    }
    if run_as:
        role["run_as"] = list(run_as)
    return role


def needed(names: Names) -> dict[str, Any]:
    """Give the body of a `_has_privileges` request: without these no job can run.

    Names as they are used, not the pattern of the role: an account may have them otherwise.
    """
    indices = (
        names.config,
        names.meta,
        names.sidecar,
        names.state_pattern,
        RESULTS_PATTERN,
        ANNOTATIONS_PATTERN,
        NOTIFICATIONS_PATTERN,
    )
    return {
        "cluster": list(CLUSTER),
        "index": [
            {
                "names": list(indices),
                "privileges": list(INDEX),
                "allow_restricted_indices": names.is_native,
            }
        ],
    }


def missing(answer: Mapping[str, Any]) -> list[str]:
    """Say which privileges a `_has_privileges` answer denies, one sentence part for each place."""
    cluster = [name for name, granted in answer["cluster"].items() if not granted]
    found = [f"cluster privileges [{', '.join(sorted(cluster))}]"] if cluster else []
    by_privileges: dict[tuple[str, ...], list[str]] = {}
    for index, privileges in sorted(answer["index"].items()):
        denied = tuple(sorted(name for name, granted in privileges.items() if not granted))
        if denied:
            by_privileges.setdefault(denied, []).append(index)
    found += [
        f"privileges [{', '.join(privileges)}] on [{', '.join(indices)}]"
        for privileges, indices in by_privileges.items()
    ]
    return found


def _patterns(names: Names) -> tuple[str, ...]:
    if names.is_native:
        return (f"{names.prefix}*",)
    return (f"{names.prefix}*", RESULTS_PATTERN, ANNOTATIONS_PATTERN, NOTIFICATIONS_PATTERN)
