"""Creating, reading, updating and deleting jobs with the official client's every parameter."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import BadRequestError, ConflictError, Elasticsearch, NotFoundError

from integration.api.conftest import BASE, Jobs
from integration.api.rest import Rest

pytestmark = pytest.mark.integration

WHOLE: dict[str, Any] = {
    "allow_lazy_open": True,
    "analysis_limits": {"model_memory_limit": "128mb", "categorization_examples_limit": 2},
    "background_persist_interval": "2h",
    "custom_settings": {"created_by": "wizard", "mine": {"a": [1, None]}},
    "daily_model_snapshot_retention_after_days": 2,
    "description": "Réponses ☃",
    "groups": ["api-site"],
    "model_plot_config": {"enabled": True, "annotations_enabled": False},
    "model_snapshot_retention_days": 7,
    "renormalization_window_days": 14,
    "results_retention_days": 60,
}


def test_every_member_of_a_new_job_comes_back(jobs: Jobs, client: Elasticsearch) -> None:
    job_id = jobs.create(
        **WHOLE,
        results_index_name=f"{jobs.prefix}-own",
        allow_no_indices=True,
        expand_wildcards="open",
        ignore_throttled=False,
        ignore_unavailable=True,
        analysis_config={
            "latency": "10m",
            "influencers": ["host", "user"],
            "model_prune_window": "30d",
            "summary_count_field_name": "n",
            "detectors": [
                {
                    "function": "high_mean",
                    "field_name": "bytes",
                    "by_field_name": "host",
                    "partition_field_name": "site",
                    "use_null": True,
                    "detector_description": "much",
                }
            ],
        },
        data_description={"time_field": "@timestamp", "time_format": "yyyy-MM-dd HH:mm:ssX"},
    )
    (job,) = client.ml.get_jobs(job_id=job_id)["jobs"]
    assert {name: job[name] for name in WHOLE} == WHOLE
    assert job["results_index_name"] == f"custom-{jobs.prefix}-own"
    assert job["job_type"] == "anomaly_detector"
    assert isinstance(job["create_time"], int)
    assert job["analysis_config"]["latency"] == "10m"
    assert job["analysis_config"]["detectors"][0]["detector_description"] == "much"
    assert job["data_description"] == {
        "time_field": "@timestamp",
        "time_format": "yyyy-MM-dd HH:mm:ssX",
    }


def test_a_configuration_can_be_copied(jobs: Jobs, client: Elasticsearch) -> None:
    original = jobs.create(**WHOLE)
    (job,) = client.ml.get_jobs(job_id=original, exclude_generated=True)["jobs"]
    assert not {"job_type", "job_version", "create_time", "finished_time"} & set(job)
    assert job["custom_settings"] == {"mine": {"a": [1, None]}}
    assert job.pop("job_id") == original
    del job["results_index_name"]
    copied = client.ml.put_job(job_id=f"{jobs.prefix}-copy", **job)
    assert copied["analysis_config"] == job["analysis_config"]


@pytest.fixture(scope="module")
def family(shared_jobs: Jobs) -> str:
    """Three jobs: `-a` and `-b` in the group `-g`, and `-c`."""
    prefix = shared_jobs.prefix
    for name in "abc":
        groups = [f"{prefix}-g"] if name != "c" else []
        shared_jobs.create(job_id=f"{prefix}-{name}", groups=groups)
    return prefix


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        pytest.param("{0}-b", "b", id="id"),
        pytest.param("{0}-c,{0}-a,{0}-c", "ac", id="list"),
        pytest.param("{0}-g", "ab", id="group"),
        pytest.param("{0}-g*,{0}-c", "abc", id="group pattern and id"),
        pytest.param("{0}*", "abc", id="pattern"),
        pytest.param("*{0}-?", "", id="question mark is no wildcard"),
        pytest.param("{0}-zz*", "", id="nothing"),
    ],
)
def test_expressions_name_jobs(
    client: Elasticsearch, family: str, expression: str, names: str
) -> None:
    expected = [f"{family}-{name}" for name in names]
    wanted = expression.format(family)
    if "?" in wanted:
        with pytest.raises(NotFoundError):
            client.ml.get_jobs(job_id=wanted, allow_no_match=False)
        return
    for answer in (client.ml.get_jobs(job_id=wanted), client.ml.get_job_stats(job_id=wanted)):
        assert answer["count"] == len(expected)
        assert [job["job_id"] for job in answer["jobs"]] == expected


@pytest.mark.parametrize("path", ["", "/_all", "/*"])
def test_all_jobs(client: Elasticsearch, rest: Rest, family: str, path: str) -> None:
    for suffix in ("", "/_stats"):
        answer = rest("GET", f"{BASE}{path}{suffix}").json
        ids = [job["job_id"] for job in answer["jobs"]]
        assert answer["count"] == len(ids)
        assert ids == sorted(ids)
        assert {f"{family}-{name}" for name in "abc"} <= set(ids)


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        pytest.param("{0}-a,{0}-z*", "{0}-z*", id="part of a list"),
        pytest.param("{0}-z*", "{0}-z*", id="pattern"),
    ],
)
def test_a_match_can_be_demanded(
    client: Elasticsearch, family: str, expression: str, missing: str
) -> None:
    wanted = expression.format(family)
    reason = f"No known job with id '{missing.format(family)}'"
    for call in (client.ml.get_jobs, client.ml.get_job_stats, client.ml.close_job):
        with pytest.raises(NotFoundError) as caught:
            call(job_id=wanted, allow_no_match=False)
        assert caught.value.body["error"]["reason"] == reason
        call(job_id=wanted, allow_no_match=True)


def test_names_are_unique(jobs: Jobs, client: Elasticsearch) -> None:
    job_id = jobs.create(groups=[f"{jobs.prefix}-group"])
    with pytest.raises(BadRequestError) as taken:
        jobs.create(job_id=job_id)
    assert taken.value.body["error"]["type"] == "resource_already_exists_exception"
    assert taken.value.body["error"]["reason"] == (
        f"The job cannot be created with the Id '{job_id}'. The Id is already used."
    )
    with pytest.raises(BadRequestError, match="job and group names must be unique"):
        jobs.create(job_id=f"{jobs.prefix}-group")


UPDATES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "lazy": ({"allow_lazy_open": True}, {}),
    "limits": ({"analysis_limits": {"model_memory_limit": "2gb"}}, {"analysis_limits": {
        "model_memory_limit": "2048mb", "categorization_examples_limit": 4}}),
    "persist": ({"background_persist_interval": "3h"}, {}),
    "settings": ({"custom_settings": {"b": 1}}, {}),
    "daily": ({"daily_model_snapshot_retention_after_days": 3}, {}),
    "description": ({"description": "other"}, {}),
    "groups": ({"groups": ["api-x", "api-y"]}, {}),
    "plot": ({"model_plot_config": {"enabled": True}}, {"model_plot_config": {
        "enabled": True, "annotations_enabled": True}}),
    "snapshots": ({"model_snapshot_retention_days": 5}, {}),
    "renormalization": ({"renormalization_window_days": 4}, {}),
    "results": ({"results_retention_days": 9}, {}),
}  # fmt: skip


def test_every_updatable_member_is_updated(jobs: Jobs, client: Elasticsearch) -> None:
    job_id = jobs.create()
    for given, shown in UPDATES.values():
        answer = client.ml.update_job(job_id=job_id, **given)
        for name, value in {**given, **shown}.items():
            assert answer[name] == value
    client.ml.update_job(
        job_id=job_id,
        model_prune_window="60d",
        detectors=[{"detector_index": 0, "description": "requests"}],
    )
    (job,) = client.ml.get_jobs(job_id=job_id)["jobs"]
    assert job["analysis_config"]["model_prune_window"] == "60d"
    assert job["analysis_config"]["detectors"][0]["detector_description"] == "requests"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            {"detectors": [{"detector_index": 1, "description": "x"}]},
            "Supplied detector_index [1] is >= the number of detectors [1]",
            id="no such detector",
        ),
        pytest.param({"job_version": "1"}, "unknown field [job_version]", id="read-only"),
        pytest.param({"groups": ["Not OK"]}, "Invalid group id 'Not OK'", id="group"),
        pytest.param(
            {"results_retention_days": -1},
            "results_retention_days cannot be less than 0. Value = -1",
            id="range",
        ),
    ],
)
def test_an_update_that_cannot_be_is_refused_whole(
    jobs: Jobs, client: Elasticsearch, rest: Rest, body: dict[str, Any], reason: str
) -> None:
    job_id = jobs.create()
    before = client.ml.get_jobs(job_id=job_id)["jobs"]
    reply = rest("POST", f"{BASE}/{job_id}/_update", {"description": "changed", **body})
    assert reply.status == 400
    assert reason in reply.reason
    assert client.ml.get_jobs(job_id=job_id)["jobs"] == before


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({}, id="plain"),
        pytest.param({"force": True, "delete_user_annotations": True}, id="force"),
        pytest.param({"wait_for_completion": True}, id="waiting"),
    ],
)
def test_a_deleted_job_is_gone(
    jobs: Jobs, client: Elasticsearch, parameters: dict[str, Any]
) -> None:
    job_id = jobs.create(opened=bool(parameters.get("force")))
    answer = client.ml.delete_job(job_id=job_id, **parameters)
    assert answer.body == {"acknowledged": True}
    for call in (client.ml.get_jobs, client.ml.delete_job, client.ml.open_job):
        with pytest.raises(NotFoundError) as caught:
            call(job_id=job_id)
        assert caught.value.body["error"]["reason"] == f"No known job with id '{job_id}'"
    jobs.create(job_id=job_id)


def test_an_open_job_is_not_deleted(jobs: Jobs, client: Elasticsearch) -> None:
    job_id = jobs.create(opened=True)
    with pytest.raises(ConflictError) as caught:
        client.ml.delete_job(job_id=job_id)
    assert caught.value.body["error"]["reason"] == (
        f"Cannot delete job [{job_id}] because the job is opened"
    )
    assert client.ml.get_job_stats(job_id=job_id)["jobs"][0]["state"] == "opened"
