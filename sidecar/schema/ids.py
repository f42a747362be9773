"""What ids of jobs, groups and datafeeds may look like."""

from __future__ import annotations

import re

from sidecar import messages
from sidecar.errors import IllegalArgumentError

MAX_ID_LENGTH = 64

_ID = re.compile(r"[a-z0-9](?:[a-z0-9_\-.]*[a-z0-9])?")


def is_valid_id(text: str | None) -> bool:
    """Lowercase letters, digits, `-`, `_`, `.`; letter or digit at both ends; not `_all`."""
    return text is not None and _ID.fullmatch(text) is not None


def check_id(field: str, text: str | None) -> None:
    """Raise IllegalArgumentError unless `text` is an id; `field` is how the error calls it."""
    if not is_valid_id(text):
        raise IllegalArgumentError(messages.invalid_id(field, text))


def check_job_id(text: str | None) -> None:
    """Raise IllegalArgumentError unless `text` can be the id of a job."""
    check_id("job_id", text)
    if text is not None and len(text) > MAX_ID_LENGTH:
        raise IllegalArgumentError(messages.id_too_long(MAX_ID_LENGTH))
