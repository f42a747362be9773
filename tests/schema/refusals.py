"""How jobs are refused: the innermost cause and its type."""

import pytest

from sidecar.errors import MlError
from sidecar.schema.job_parser import parse_job

ILLEGAL, STATUS, FORM = (
    "illegal_argument_exception",
    "status_exception",
    "x_content_parse_exception",
)
BAD_NAME = (
    "Invalid field name '{}'. Field names including over, by and partition fields "
    'cannot contain any of these characters: ",\\'
)


def refusal(body: bytes, job_id: str | None = "job") -> tuple[str, str]:
    """Type and reason of the innermost cause."""
    with pytest.raises(MlError) as caught:
        parse_job(body, job_id)
    error = caught.value
    assert error.status == 400
    while error.cause is not None:
        error = error.cause
    return error.type, error.reason
