"""Who may not do what."""

from __future__ import annotations


def action_unauthorized(action: str, subject: str, granting: str) -> str:
    """The caller lacks a privilege; `granting` names those that would do, the least first."""
    return (
        f"action [{action}] is unauthorized for {subject}, "
        f"this action is granted by the cluster privileges [{granting}]"
    )


def datafeed_indices_denied(datafeed_id: str, username: str, granted: str) -> str:
    """The owner of a datafeed may not search what it reads; `granted` is a JSON object."""
    return (
        f"Cannot create datafeed [{datafeed_id}] because user {username} lacks permissions on "
        f"the indices: {granted}"
    )


def analytics_indices_denied(analytics_id: str, username: str, granted: str) -> str:
    """The owner may not read the source or write the destination; `granted` is a JSON object."""
    return (
        f"Cannot create data frame analytics [{analytics_id}] because user {username} lacks "
        f"permissions on the indices: {granted}"
    )


def insecure_cluster_not_served() -> str:
    """Elasticsearch knows no users, and the sidecar listens to more than its own machine."""
    return (
        "security is off in Elasticsearch, so whoever reaches the sidecar could do everything: it "
        "serves such a cluster on a loopback address only (SIDECAR_HOST), or where "
        "SIDECAR_ALLOW_INSECURE is true"
    )


def insecure_cluster_served() -> str:
    """The same, as it is said at start."""
    return "security is off in Elasticsearch: nobody can be asked who they are"
