"""No id reaches another index than its job's, whatever somebody wrote into it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.contract.support import make_job
from sidecar.errors import IllegalArgumentError, MlError
from sidecar.interfaces import ResultsQuery
from sidecar.schema.ids import is_valid_id
from sidecar.storage.async_tasks import ElasticsearchAsyncTaskStore
from sidecar.storage.filters import ElasticsearchFilterStore
from sidecar.storage.indices import ElasticsearchResultsIndices
from sidecar.storage.job_tasks import ElasticsearchJobTaskStore
from sidecar.storage.jobs import ElasticsearchJobStore
from sidecar.storage.names import Names, read_alias, results_index, write_alias
from sidecar.storage.results_reader import ElasticsearchResultsReader
from sidecar.storage.retries import Retries
from sidecar.storage.stats import ElasticsearchStatsStore
from tests.storage.scripted_cluster import Answer, Request, ScriptedCluster, failure

IDS = st.from_regex(r"[a-z0-9]([a-z0-9_\-.]{0,20}[a-z0-9])?", fullmatch=True)
HOSTILE = [
    "",
    "*",
    "a,b",
    "a*",
    "a,-b",
    "-a",
    "_all",
    "<a-{now/d}>",
    "%3Ca-%7Bnow%2Fd%7D%3E",
    "remote:a",
    "a::failures",
    "..",
    "a/../b",
    "a%2f..%2fb",
    "a/_search",
    "a?ignore_unavailable=true",
    "a#b",
    "a b",
    "a\nb",
    "a\n",
    "A",
    "ä",
    "\u0430",
    "a\x00",
    ".a",
    "a.",
]
TEXTS = st.sampled_from(HOSTILE) | st.text(max_size=12)
# What separates names, or makes one name stand for others, in Elasticsearch's paths.
SPECIAL = re.compile(r"[^a-z0-9_.\-]")
# Any store's answer that means: there is no such thing.
NOTHING = failure(404, "index_not_found_exception", "no such index")


@given(one=IDS, other=IDS)
def test_names_of_a_job_are_single_and_its_own(one: str, other: str) -> None:
    names = {read_alias(one), write_alias(one)}
    assert len(names) == 2
    for name in names:
        assert name.startswith(".ml-anomalies-")
        assert not SPECIAL.search(name)
    if one != other:
        assert not names & {read_alias(other), write_alias(other)}


@given(TEXTS)
def test_what_is_no_id_is_no_name(text: str) -> None:
    job = dataclasses.replace(make_job("a"), results_index_name=text)
    for name_of in (
        lambda: read_alias(text),
        lambda: write_alias(text),
        lambda: results_index(job),
    ):
        if is_valid_id(text):
            assert name_of().endswith(text)
        else:
            with pytest.raises(IllegalArgumentError):
                name_of()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_texts_are_no_ids(text: str) -> None:
    assert not is_valid_id(text)


CALLS: dict[str, Callable[[ScriptedCluster, str], object]] = {
    "job": lambda cluster, text: ElasticsearchJobStore(cluster.connection(), Names()).get(text),
    "job deletion": lambda cluster, text: ElasticsearchJobStore(
        cluster.connection(), Names()
    ).delete(text),
    "task of a job": lambda cluster, text: ElasticsearchJobTaskStore(
        cluster.connection(), Names()
    ).get(text),
    "task": lambda cluster, text: ElasticsearchAsyncTaskStore(cluster.connection(), Names()).get(
        text
    ),
    "filter": lambda cluster, text: ElasticsearchFilterStore(cluster.connection(), Names()).get(
        [text]
    ),
    "results": lambda cluster, text: ElasticsearchResultsReader(cluster.connection()).records(
        text, ResultsQuery()
    ),
    "stats": lambda cluster, text: ElasticsearchStatsStore(
        cluster.connection(), Retries(patience_s=0.0)
    ).data_counts([text]),
    "results index": lambda cluster, text: ElasticsearchResultsIndices(
        cluster.connection(), Names()
    ).remove(dataclasses.replace(make_job(text), results_index_name=text)),
}


@pytest.mark.parametrize("call", CALLS)
@given(text=TEXTS)
def test_no_text_leads_a_store_elsewhere(call: str, text: str) -> None:
    cluster = ScriptedCluster(script=lambda _: NOTHING)
    with contextlib.suppress(MlError):
        CALLS[call](cluster, text)
    for request in cluster.requests:
        for name in indices_of(request):
            assert name in OWN or (name.startswith(".ml-anomalies-") and is_valid_id(text)), name


OWN = {".ml-config", ".ml-meta", ".ml-sidecar", ".ml-anomalies-*"}


def indices_of(request: Request) -> set[str]:
    """What a request is about, as Elasticsearch splits its path and then decodes the parts."""
    path = urlsplit(request.target).path
    parts = [unquote(part) for part in path.removeprefix("/").split("/")]
    found = set()
    if parts[0] == "_alias":
        found.add(parts[1])
    elif not parts[0].startswith("_"):
        found.add(parts[0])
    for line in request.lines:
        found |= {doc["_index"] for doc in line.get("docs", ()) if "_index" in doc}
    return {name for each in found for name in each.split(",")}


@pytest.mark.parametrize("job_id", ["shared", "shared-000001"])
def test_a_job_cannot_be_called_like_the_index_of_all(job_id: str) -> None:
    cluster = ScriptedCluster(script=lambda _: Answer(200, {}))
    indices = ElasticsearchResultsIndices(cluster.connection(), Names())
    with pytest.raises(MlError, match=f"Invalid alias name \\[.ml-anomalies-{job_id}\\]"):
        indices.prepare(make_job(job_id, results_index="custom-own"))
    assert cluster.requests == []
