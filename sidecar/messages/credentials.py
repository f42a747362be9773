"""Stored credentials, and the owners of background work."""

from __future__ import annotations


def no_encryption_key(holder: str) -> str:
    """Nothing to keep credentials with; `holder` is for instance `datafeed [x]`."""
    return (
        f"Cannot keep the credentials that {holder} would run with because no encryption key is "
        "set. Make one with [ml-sidecar new-key] and set it as [SIDECAR_ENCRYPTION_KEY], or its "
        "file as [SIDECAR_ENCRYPTION_KEY_FILE], for the sidecar"
    )


def no_stored_credentials(holder: str) -> str:
    """Nothing was stored, or it is gone."""
    return f"No credentials are stored for {holder}, update it to re-authorise"


def credentials_unreadable(holder: str) -> str:
    """The key is lost, or somebody changed the document."""
    return (
        f"The credentials stored for {holder} cannot be read with the encryption keys that are "
        "set, update it to re-authorise"
    )


def owner_deleted(holder: str, username: str) -> str:
    """The user is gone."""
    return f"Cannot run {holder} because its owner, user [{username}], was deleted"


def owner_disabled(holder: str, username: str) -> str:
    """The user may not log in."""
    return f"Cannot run {holder} because its owner, user [{username}], is disabled"


def owner_refused(holder: str, reason: str) -> str:
    """Elasticsearch refused a call that was made as the owner."""
    return f"Elasticsearch refuses the owner of {holder}: {reason}"


def cannot_grant(reason: str) -> str:
    """The sidecar's account lacks the right to make API keys for callers."""
    return (
        "The sidecar's own account cannot make the API key that background work runs with, it "
        f"needs the cluster privilege [grant_api_key]: {reason}"
    )
