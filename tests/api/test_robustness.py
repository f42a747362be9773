"""No request, however odd, finds a defect: whatever is wrong is the caller's and is said so."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar import codec
from sidecar.api.routes import ROUTES
from tests.api.conftest import Sidecar

VERBS = ["GET", "POST", "PUT", "DELETE"]
TAILS = sorted({route.path.rsplit("}", 1)[-1] for route in ROUTES if "job_id" in route.path})
PARAMETERS = sorted({name for route in ROUTES for name in route.query_parameters})
VALUES = st.sampled_from(
    ["", "true", "false", "-1", "0", "99999999999999999999", "now", "1e5", "*"]
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["analysis_config", "detectors", "function", "page", "from", "start", "groups", "timeout"]
)
BODIES = st.none() | st.binary(max_size=60) | JSON_VALUES | st.dictionaries(NAMES, JSON_VALUES)
QUERIES = st.dictionaries(
    st.sampled_from(PARAMETERS) | st.text(max_size=6), VALUES | st.text(max_size=6), max_size=3
)


@settings(max_examples=100, deadline=None)
@given(
    verb=st.sampled_from(VERBS),
    job_id=st.text(max_size=10) | st.just("web"),
    tail=st.sampled_from(TAILS),
    query=QUERIES,
    body=BODIES,
)
def test_no_request_finds_a_defect(
    verb: str, job_id: str, tail: str, query: dict[str, str], body: Any
) -> None:
    sidecar = Sidecar()
    sidecar.put_job()
    sidecar.open_job()
    data = body if body is None or isinstance(body, bytes) else codec.dumps(body)

    response = sidecar.call(
        verb,
        f"/_ml/anomaly_detectors/{quote(job_id, safe='')}{tail}",
        data,
        query_string=query,
    )

    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert "error" in response.json
