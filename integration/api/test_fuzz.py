"""Requests nobody would write, against a real sidecar: made from the route table.

Its jobs are its own: `DELETE _all` among the requests harms nobody else on the cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.api.fuzzing import EXAMPLES, JOB, KNOWN_JOBS, fault_of
from integration.api.rest import Rest
from integration.elasticsearch import Cluster
from integration.own_names import sidecar_with_own_names
from sidecar.api.rest import Route
from sidecar.api.routes import ROUTES

pytestmark = pytest.mark.integration

OPERATIONS = [(verb, route) for route in ROUTES for verb in route.methods]
# With it the caller asks for a stack trace, as of Elasticsearch; it is all that is left out.
ASKS_FOR_TRACE = {"error_trace"}
IDS = st.sampled_from([*KNOWN_JOBS, "no-such", "_all", "*", "fuzz-*", "a,b", "..", "<x-{now/d}>"])
# Waiting is bounded: what is tested is the reading of the words, not patience.
SHORT = {"timeout": "100ms", "master_timeout": "100ms"}
WORDS = st.sampled_from(
    ["", "true", "false", "-1", "0", "7", "1e400", "now", "now-1h", "2020-01-01T00:00:00Z", "5m",
     "99999999999999999999", "*", "timestamp", "\x00", "é", "[]", "null"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
MEMBERS = st.sampled_from(
    ["analysis_config", "analysis_limits", "bucket_span", "calc_interim", "custom_settings",
     "data_description", "description", "detectors", "end", "expand", "force", "function", "groups",
     "influencers", "job_id", "model_plot_config", "model_snapshot_retention_days", "page",
     "results_index_name", "rules", "sort", "start", "timeout"]
)  # fmt: skip
BODIES = st.one_of(
    st.none(),
    st.binary(max_size=60),
    VALUES,
    st.dictionaries(MEMBERS, VALUES, max_size=4),
    st.dictionaries(MEMBERS, VALUES, max_size=3).map(lambda more: {**JOB, **more}),
)
TYPES = st.sampled_from(
    ["application/json"] * 6 + ["application/x-ndjson", "text/plain", "application/cbor", "x"]
)


@pytest.fixture(scope="module")
def rest(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with sidecar_with_own_names(cluster, tmp_path_factory.mktemp("fuzz")) as own:
        made = Rest.of(own.sidecar.url, cluster.username, cluster.password)
        yield made
        assert "Traceback" not in own.sidecar.log.read_text()


@pytest.mark.parametrize(
    ("verb", "route"), OPERATIONS, ids=[f"{verb} {route.path}" for verb, route in OPERATIONS]
)
def test_no_request_finds_a_defect(rest: Rest, verb: str, route: Route) -> None:
    for job_id in KNOWN_JOBS:
        rest("PUT", f"/_ml/anomaly_detectors/{job_id}", JOB)
    rest("POST", f"/_ml/anomaly_detectors/{KNOWN_JOBS[0]}/_open")

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(
        identifiers=st.lists(IDS | st.text(min_size=1, max_size=8), min_size=5, max_size=5),
        query=st.dictionaries(
            st.sampled_from(sorted(route.query_parameters - ASKS_FOR_TRACE)), WORDS, max_size=3
        ),
        body=BODIES,
        content_type=TYPES,
    )
    def ask(identifiers: list[str], query: dict[str, str], body: object, content_type: str) -> None:
        path = route.path
        for name, value in zip(route.path_parameters, identifiers, strict=False):
            path = path.replace("{" + name + "}", quote(value, safe=""))
        known = {name: SHORT.get(name, value) for name, value in query.items()}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": content_type}
        reply = rest(verb, f"{path}?{urlencode(known)}", data, headers)
        fault = fault_of(reply.status, reply.content)
        assert fault is None, f"{verb} {path}?{urlencode(known)} {data!r}: {fault}"

    ask()
