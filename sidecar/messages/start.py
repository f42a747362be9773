"""What the operator is told at the start, with the way on."""

from __future__ import annotations

from collections.abc import Iterable

_TURN_OFF = "set xpack.ml.enabled: false on every node of Elasticsearch"
_PREFIX = (
    "set SIDECAR_INDEX_PREFIX (for example to .ml-sidecar-), and the sidecar keeps configurations "
    "and model state under names of its own; results stay where dashboards look for them"
)


def account_lacks(username: str, missing: Iterable[str]) -> str:
    """The sidecar's own account may not do what the sidecar needs."""
    return (
        f"the sidecar's own account [{username}] lacks {'; '.join(missing)}: "
        "`ml-sidecar roles` prints the role it needs"
    )


def native_ml_off(config: str, meta: str) -> str:
    """Native ML is switched off; its names are reserved all the same."""
    return (
        f"[{config}] and [{meta}] are system indices of this cluster: the sidecar can use them, "
        "Elasticsearch decides on their mappings and answers with a Warning header; "
        "results, model state and all else are ordinary hidden indices"
    )


def native_ml_unlicensed(config: str, meta: str) -> str:
    """Native ML is on and answers nobody, for want of a licence."""
    return (
        "Elasticsearch's own ML is on without a licence. Jobs work here, but: "
        f"[{config}] and [{meta}] are its system indices, so it knows the sidecar's jobs; its "
        "nightly maintenance deletes what their retention settings let it, and with a licence "
        f"it would take the jobs over. To be apart from it, {_TURN_OFF}; or {_PREFIX}"
    )


def native_ml_owns_jobs() -> str:
    """Native ML is on and licensed, under the same names."""
    return (
        "Elasticsearch's own ML runs on this cluster and keeps its jobs under the same names: both "
        "would run the same jobs and overwrite each other's model state and results. "
        f"Either {_TURN_OFF}; or {_PREFIX}"
    )


def native_ml_cleans_state(pattern: str) -> str:
    """Native ML is on and would take the sidecar's state for rubbish."""
    return (
        f"Elasticsearch's own ML is on, and its nightly maintenance deletes model state of jobs "
        f"that it does not know, in [{pattern}] too: choose a SIDECAR_INDEX_PREFIX that does not "
        "begin with [.ml-state]"
    )


def native_ml_beside(prefix: str) -> str:
    """Native ML is on, and the sidecar keeps to names of its own."""
    return (
        f"Elasticsearch's own ML is on; the sidecar keeps its jobs under [{prefix}*], apart from "
        "it. Results share [.ml-anomalies-*] and notifications [.ml-notifications-*]: give no "
        "job here an id that native ML uses too, and know that a feature reset of native "
        "ML deletes them"
    )
