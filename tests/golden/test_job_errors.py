"""Whole error objects of job requests, causes and positions included."""

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors import MlError
from sidecar.schema.job_parser import parse_job
from sidecar.schema.job_update import parse_job_update

CASES = json.loads(Path(__file__).with_name("job_errors.json").read_text(encoding="utf-8"))
PARSERS = {"PUT": lambda body: parse_job(body, "job"), "update": parse_job_update}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_error_is_the_native_one(case: dict[str, Any]) -> None:
    with pytest.raises(MlError) as caught:
        PARSERS[case["request"]](case["body"].encode())
    assert caught.value.as_cause() == case["error"]
    assert caught.value.status == 400
