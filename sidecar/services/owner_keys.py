"""The API keys made for owners: their names, what marks them, how they end."""

from __future__ import annotations

import logging
import secrets

from sidecar.errors import MlError
from sidecar.interfaces import Holder, KeyNotes, OwnerKeys

logger = logging.getLogger(__name__)

KEY_PREFIX = "ml-sidecar-"
_APPLICATION = "ml-sidecar"
_NONCE_BYTES = 16


def new_key_name(holder: Holder) -> str:
    """Make a name that no other key has."""
    return f"{KEY_PREFIX}{holder.kind}-{holder.holder_id}-{secrets.token_hex(_NONCE_BYTES)}"


def installation_metadata(installation: str) -> dict[str, str]:
    """What marks all API keys of one sidecar; `installation` tells it from others."""
    return {"application": _APPLICATION, "installation": installation}


def key_metadata(installation: str, holder: Holder) -> dict[str, str]:
    """What marks the API key of one holder."""
    marks = installation_metadata(installation)
    return {**marks, "type": holder.kind.value, "id": holder.holder_id}


def discard_key(keys: OwnerKeys, notes: KeyNotes, name: str) -> bool:
    """Make a key useless and forget its name; False when that failed: the note stays then."""
    try:
        keys.invalidate(name)
        notes.remove(name)
    except MlError as error:
        logger.warning("API key [%s] is not invalidated yet: %s", name, error.reason)
        return False
    return True
