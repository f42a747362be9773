"""No id, list, pattern or path leads a caller of the real thing to another index than his job's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from integration.api.conftest import BASE, Jobs
from integration.api.rest import Rest
from integration.elasticsearch import Cluster
from sidecar.api.rest import Route
from sidecar.api.routes import ROUTES

pytestmark = pytest.mark.integration

# What nobody may get to see or change; {0} is the name of an index that holds it.
MARKER = "bait-nobody-may-see"
EXPRESSIONS = [
    "{0}",
    "{0}*",
    "../{0}",
    "../../{0}/_doc/1",
    "..%2f{0}",
    "a,{0}",
    "a,../{0}",
    "-a,{0}",
    "*,{0}",
    "<{0}>",
    "<{0}-{{now/d}}>",
    "remote:{0}",
    "{0}::data",
    "{0}?q=*",
    "{0}#",
    "{0}/_search",
    "{0}\n",
    "{0}\u0000",
    "{0}\u202e",
    ".ml-anomalies-custom-{0}",
    ".ml-anomalies-custom-{0},{0}",
    ".write-{0}",
]
# To begin with: as one part of the path, as it is, and coded twice.
CODINGS = {
    "coded": lambda text: quote(text, safe=""),
    "plain": lambda text: quote(text, safe="/%?#<>:,*{}"),
    "coded twice": lambda text: quote(quote(text, safe=""), safe=""),
}
OPERATIONS = [(verb, route) for route in ROUTES for verb in route.methods if "{" in route.path]


@pytest.fixture(scope="module")
def bait(cluster: Cluster) -> Iterator[str]:
    """Name of an index with documents that look like results of a job of the same name."""
    name = f"bait-{uuid.uuid4().hex[:8]}"
    hidden = f".ml-anomalies-custom-{name}-other"
    for index in (name, hidden):
        for number, kind in enumerate(("bucket", "record", "influencer")):
            document = {
                "job_id": name,
                "result_type": kind,
                "timestamp": 1000,
                "is_interim": False,
                "secret": MARKER,
            }
            path = f"/{index}/_doc/{number}?refresh=true"
            assert cluster.request("PUT", path, document).status == 201
    yield name
    for index in (name, hidden):
        cluster.request("DELETE", f"/{index}")


def state(cluster: Cluster, bait: str) -> str:
    """Everything of the bait: documents, mappings, aliases, settings."""
    names = f"{bait},.ml-anomalies-custom-{bait}-other"
    found = [
        cluster.request("GET", f"/{names}/_search?sort=_doc&version=true&seq_no_primary_term=true"),
        cluster.request("GET", f"/{names}"),
    ]
    found[0].body["took"] = 0
    return json.dumps([each.body for each in found], sort_keys=True)


def address(route: Route, text: str) -> str:
    return route.path.format(job_id=text, task_id=text, timestamp="1000")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("expression", EXPRESSIONS, ids=ascii)
def test_expressions_lead_nowhere(
    rest: Rest, cluster: Cluster, bait: str, expression: str, coding: str
) -> None:
    before = state(cluster, bait)
    text = CODINGS[coding](expression.format(bait))
    for verb, route in OPERATIONS:
        if verb == "DELETE" and expression.startswith("*"):
            continue  # that would be the jobs of others
        path = address(route, text)
        if any(not 0x20 < ord(character) < 0x7F for character in path):
            continue  # no client can send it
        body = {"sort": "_doc"} if verb == "POST" and "results" in path else None
        reply = rest(verb, path, body)
        assert 200 <= reply.status < 500, (verb, path, reply.content)
        assert MARKER.encode() not in reply.content, (verb, path)
        if reply.status == 200:
            # Patterns and lists match what jobs there are, and there is no such job.
            assert bait.encode() not in reply.content, (verb, path)
    assert state(cluster, bait) == before


def job_body(**members: object) -> dict[str, object]:
    analysis = {"bucket_span": "5m", "detectors": [{"function": "count"}]}
    return {"analysis_config": analysis, "data_description": {}, **members}


@pytest.mark.parametrize("expression", EXPRESSIONS[1:], ids=ascii)
def test_no_job_keeps_its_results_elsewhere(
    rest: Rest, cluster: Cluster, bait: str, expression: str
) -> None:
    before = state(cluster, bait)
    body = job_body(results_index_name=expression.format(bait))
    reply = rest("PUT", f"{BASE}/{bait}-x", body)
    assert reply.status == 400, reply.content
    assert state(cluster, bait) == before


def test_a_job_called_like_an_index_sees_its_own_results_alone(
    rest: Rest, cluster: Cluster, jobs: Jobs, bait: str
) -> None:
    before = state(cluster, bait)
    job_id = jobs.create(job_id=f"{bait}-job", results_index_name=f"{bait}-mine")
    for kind in ("buckets", "records", "influencers"):
        assert rest("GET", f"{BASE}/{job_id}/results/{kind}").json["count"] == 0
    assert rest("DELETE", f"{BASE}/{job_id}").status == 200
    assert state(cluster, bait) == before


def test_an_index_with_documents_of_others_outlives_the_job(
    rest: Rest, cluster: Cluster, jobs: Jobs, bait: str
) -> None:
    """Whoever names another's index as his results index neither reads nor deletes it."""
    index = f".ml-anomalies-custom-{bait}-shared"
    document = {"job_id": "somebody-else", "result_type": "record", "secret": MARKER}
    cluster.request("PUT", f"/{index}/_doc/1?refresh=true", document)
    try:
        job_id = jobs.create(job_id=f"{bait}-guest", results_index_name=f"{bait}-shared")
        reply = rest("GET", f"{BASE}/{job_id}/results/records")
        assert MARKER.encode() not in reply.content
        assert rest("DELETE", f"{BASE}/{job_id}").status == 200
        assert cluster.request("GET", f"/{index}/_doc/1").body["_source"] == document
    finally:
        cluster.request("DELETE", f"/{index}")


def test_a_job_cannot_take_the_name_of_the_index_of_all(rest: Rest) -> None:
    for job_id in ("shared", "shared-000001"):
        reply = rest("PUT", f"{BASE}/{job_id}", job_body(results_index_name="a-different-one"))
        assert reply.status == 400
        assert reply.reason.startswith(f"Invalid alias name [.ml-anomalies-{job_id}]")
