"""What tests with made-up requests hold every answer to."""

from __future__ import annotations

import json
import os
import re

# How many requests for each operation; a long run is asked for by the environment.
EXAMPLES = int(os.environ.get("SIDECAR_TEST_FUZZ_EXAMPLES", "8"))
KNOWN_JOBS = ("fuzz-open", "fuzz-closed")
JOB = {
    "analysis_config": {"bucket_span": "5m", "detectors": [{"function": "count"}]},
    "data_description": {"time_field": "time", "time_format": "epoch"},
}
_DEFECT = re.compile(
    r"Traceback \(most recent call last\)|File \"/|\.py\b.{0,9}line \d|0x[0-9a-f]{8}"
)
_SERVER_ERROR = 500
_ERROR = 400


def fault_of(status: int, content: bytes) -> str | None:
    """Say what is wrong with an answer; None when nothing is."""
    text = content.decode("utf-8", "replace")
    if status >= _SERVER_ERROR:
        return f"{status}: {text[:500]}"
    if _DEFECT.search(text):
        return f"an answer from the inside: {text[:500]}"
    if status < _ERROR or not content:
        return None
    try:
        body = json.loads(content)
    except ValueError:
        return f"an error that is no JSON: {text[:500]}"
    return _fault_of_error(status, body)


def _fault_of_error(status: int, body: object) -> str | None:
    if not isinstance(body, dict) or "error" not in body:
        return f"an error of another form: {body}"
    error = body["error"]
    if isinstance(error, str):
        return None  # as Elasticsearch answers paths and verbs that it does not know
    if body.get("status") != status:
        return f"a status that is not that of the answer: {body}"
    if not (error.get("type") and error.get("reason") and error.get("root_cause")):
        return f"an error without its parts: {body}"
    return None
