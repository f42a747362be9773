"""Jobs through HTTP: what clients send and what they are answered."""

from __future__ import annotations

import pytest

from sidecar.schema.job_task import JobState
from tests.api.conftest import JOB, NOW, Sidecar

BASE = "/_ml/anomaly_detectors"


def test_created_job_is_answered_with_its_defaults(sidecar: Sidecar) -> None:
    job = sidecar.put_job(description="Requests")

    assert job == {
        "job_id": "web",
        "job_type": "anomaly_detector",
        "job_version": "12.0.0",
        "create_time": NOW,
        "description": "Requests",
        "analysis_config": {
            "bucket_span": "5m",
            "detectors": [
                {"detector_description": "count", "function": "count", "detector_index": 0}
            ],
            "influencers": [],
            "model_prune_window": "30d",
        },
        "analysis_limits": {"model_memory_limit": "1024mb", "categorization_examples_limit": 4},
        "data_description": {"time_field": "time", "time_format": "epoch_ms"},
        "model_snapshot_retention_days": 10,
        "daily_model_snapshot_retention_after_days": 1,
        "results_index_name": "shared",
        "allow_lazy_open": False,
    }
    assert sidecar.stores.audit.of("web") == ["Job created"]
    assert sidecar.stores.results_indices.prepared == {"web"}
    assert sidecar.call("GET", f"{BASE}/web").json == {"count": 1, "jobs": [job]}


def test_documents_of_an_earlier_job_forbid_its_name(sidecar: Sidecar) -> None:
    sidecar.write_results("web", [{"result_type": "bucket", "timestamp": 1}])

    response = sidecar.call("PUT", f"{BASE}/web", JOB)

    assert response.status_code == 409
    assert response.json["error"]["reason"] == (
        "[1] result and [0] state documents exist for a prior job with Id [web]. "
        "Please create the job with a different Id"
    )
    assert sidecar.stores.jobs.get_all() == []


@pytest.mark.parametrize(
    ("job_id", "groups", "name"),
    [
        pytest.param("new", ["web"], "web", id="group is a job"),
        pytest.param("site", [], "site", id="job is a group"),
    ],
)
def test_jobs_and_groups_share_one_name_space(
    sidecar: Sidecar, job_id: str, groups: list[str], name: str
) -> None:
    sidecar.put_job("web", groups=["site"])

    response = sidecar.call("PUT", f"{BASE}/{job_id}", {**JOB, "groups": groups})

    assert response.status_code == 400
    assert response.json["error"]["type"] == "resource_already_exists_exception"
    assert response.json["error"]["reason"] == (
        f"job and group names must be unique but job [{name}] and group [{name}] have the same name"
    )


def test_feature_that_is_not_there_yet_is_refused_as_such(sidecar: Sidecar) -> None:
    datafeed = {"indices": ["logs"], "query": {"match_all": {}}}

    response = sidecar.call("PUT", f"{BASE}/web", {**JOB, "datafeed_config": datafeed})

    assert response.status_code == 400
    assert "[datafeed_config] is not supported by this version" in response.json["error"]["reason"]
    assert sidecar.stores.results_indices.prepared == set()


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        pytest.param("", ["a", "b", "c"], id="none"),
        pytest.param("/_all", ["a", "b", "c"], id="all"),
        pytest.param("/*", ["a", "b", "c"], id="star"),
        pytest.param("/b,a", ["a", "b"], id="list"),
        pytest.param("/site", ["a", "b"], id="group"),
        pytest.param("/si*", ["a", "b"], id="pattern"),
        pytest.param("/nope*", [], id="no match"),
    ],
)
def test_expression_names_jobs(sidecar: Sidecar, path: str, ids: list[str]) -> None:
    for job_id in ("c", "a", "b"):
        sidecar.put_job(job_id, groups=["site"] if job_id != "c" else [])

    for suffix in ("", "/_stats"):
        body = sidecar.call("GET", f"{BASE}{path}{suffix}").json
        assert body["count"] == len(ids)
        assert [job["job_id"] for job in body["jobs"]] == ids


def test_no_match_is_not_found_on_demand(sidecar: Sidecar) -> None:
    for suffix in ("", "/_stats"):
        response = sidecar.call("GET", f"{BASE}/nope*{suffix}?allow_no_match=false")
        assert response.status_code == 404
        assert response.json["error"]["reason"] == "No known job with id 'nope*'"


def test_generated_members_can_be_left_out(sidecar: Sidecar) -> None:
    sidecar.put_job(custom_settings={"created_by": "wizard", "mine": 1})

    (job,) = sidecar.call("GET", f"{BASE}/web?exclude_generated=true").json["jobs"]

    assert not {"job_type", "job_version", "create_time"} & set(job)
    assert job["job_id"] == "web"
    assert job["custom_settings"] == {"mine": 1}


def test_update_answers_the_whole_job(sidecar: Sidecar) -> None:
    before = sidecar.put_job()

    job = sidecar.call(
        "POST", f"{BASE}/web/_update", {"groups": ["site"], "description": "new"}
    ).json

    assert job == {**before, "groups": ["site"], "description": "new"}
    assert sidecar.stores.audit.of("web")[-1] == "Job updated: [description, groups]"
    assert sidecar.runtime.updates == []


def test_open_job_is_told_of_an_update(sidecar: Sidecar) -> None:
    sidecar.put_job()
    sidecar.open_job()

    sidecar.call("POST", f"{BASE}/web/_update", {"model_plot_config": {"enabled": True}})

    (told,) = sidecar.runtime.updates
    assert told.model_plot_config is not None
    assert told.model_plot_config.enabled


def test_limits_of_an_open_job_stay(sidecar: Sidecar) -> None:
    sidecar.put_job()
    sidecar.open_job()

    response = sidecar.call(
        "POST", f"{BASE}/web/_update", {"analysis_limits": {"model_memory_limit": "2gb"}}
    )

    assert response.status_code == 400
    assert response.json["error"]["reason"] == (
        "Cannot update analysis_limits while the job is open"
    )


def test_update_of_a_group_to_the_name_of_a_job_is_refused(sidecar: Sidecar) -> None:
    sidecar.put_job("web")
    sidecar.put_job("db")

    response = sidecar.call("POST", f"{BASE}/web/_update", {"groups": ["db"]})

    assert response.status_code == 400
    assert response.json["error"]["type"] == "resource_already_exists_exception"


def test_life_of_a_job(sidecar: Sidecar) -> None:
    sidecar.put_job()

    opened = sidecar.call("POST", f"{BASE}/web/_open?timeout=5s")
    assert opened.json == {"opened": True, "node": "fake-node"}
    posted = sidecar.call("POST", f"{BASE}/web/_data", b'{"time":1}\n{"time":2}\n')
    assert posted.status_code == 202
    assert posted.json["processed_record_count"] == 2
    assert posted.json["job_id"] == "web"
    flushed = sidecar.call("POST", f"{BASE}/web/_flush", {"calc_interim": True})
    assert flushed.json == {"flushed": True}
    sidecar.runtime.last_finalized_bucket_end = 300_000
    flushed = sidecar.call("POST", f"{BASE}/web/_flush?human")
    assert flushed.json == {
        "flushed": True,
        "last_finalized_bucket_end_string": "1970-01-01T00:05:00.000Z",
        "last_finalized_bucket_end": 300_000,
    }
    closed = sidecar.call("POST", f"{BASE}/web/_close")
    assert closed.json == {"closed": True}
    assert sidecar.call("POST", f"{BASE}/web/_close").json == {"closed": True}
    (job,) = sidecar.call("GET", f"{BASE}/web").json["jobs"]
    assert job["finished_time"] == NOW
    assert sidecar.call("DELETE", f"{BASE}/web").json == {"acknowledged": True}
    assert sidecar.call("DELETE", f"{BASE}/web").status_code == 404


def test_stats_of_an_open_job(sidecar: Sidecar) -> None:
    sidecar.put_job()
    sidecar.open_job()
    sidecar.now += 13_000

    (stats,) = sidecar.call("GET", f"{BASE}/_stats").json["jobs"]

    assert list(stats) == [
        "job_id",
        "data_counts",
        "model_size_stats",
        "forecasts_stats",
        "state",
        "node",
        "assignment_explanation",
        "open_time",
        "timing_stats",
    ]
    assert stats["state"] == "opened"
    assert stats["open_time"] == "13s"
    assert stats["forecasts_stats"] == {"total": 0, "forecasted_jobs": 0}
    assert set(stats["node"]) == {
        "id",
        "name",
        "ephemeral_id",
        "transport_address",
        "attributes",
    }


def test_stats_of_a_closed_job(sidecar: Sidecar) -> None:
    sidecar.put_job()

    (stats,) = sidecar.call("GET", f"{BASE}/web/_stats").json["jobs"]

    assert stats["state"] == "closed"
    assert not {"node", "open_time", "assignment_explanation", "deleting"} & set(stats)


def test_flush_parameters_reach_the_job(sidecar: Sidecar) -> None:
    sidecar.put_job()
    sidecar.open_job()

    sidecar.call("POST", f"{BASE}/web/_flush?calc_interim&start=1000&end=2000&advance_time=3000")

    ((job_id, flush),) = sidecar.runtime.flushes
    assert job_id == "web"
    assert flush.calc_interim
    assert (flush.start, flush.end) == (1_000_000, 2_000_000)
    assert flush.advance_time == 3_000_000


def test_failed_job_needs_force(sidecar: Sidecar) -> None:
    sidecar.put_job()
    sidecar.runtime.states["web"] = JobState.FAILED

    refused = sidecar.call("POST", f"{BASE}/web/_close")
    forced = sidecar.call("POST", f"{BASE}/web/_close", {"force": True})

    assert refused.status_code == 409
    assert refused.json["error"]["reason"] == (
        "cannot close job [web] because it failed, use force close"
    )
    assert forced.json == {"closed": True}


def test_deletion_as_a_task(sidecar: Sidecar) -> None:
    sidecar.put_job()

    task_id = sidecar.call(
        "DELETE", f"{BASE}/web?wait_for_completion=false", headers={"X-Opaque-Id": "me"}
    ).json["task"]

    (job,) = sidecar.call("GET", f"{BASE}/web").json["jobs"]
    assert job["blocked"] == {"reason": "delete", "task_id": task_id}
    assert job["deleting"] is True
    refused = sidecar.call("POST", f"{BASE}/web/_open")
    assert refused.status_code == 409
    running = sidecar.call("GET", f"/_tasks/{task_id}").json
    assert running["completed"] is False
    assert running["task"]["headers"] == {"X-Opaque-Id": "me"}

    sidecar.spawned.pop()()

    done = sidecar.call("GET", f"/_tasks/{task_id}?wait_for_completion=true&timeout=1s").json
    assert done["completed"] is True
    assert done["response"] == {"acknowledged": True}
    assert done["task"]["action"] == "cluster:admin/xpack/ml/job/delete"
    assert sidecar.call("GET", f"{BASE}/web").status_code == 404


@pytest.mark.parametrize("job_id", ["a,b", "w*", "_all"])
def test_only_one_job_is_deleted(sidecar: Sidecar, job_id: str) -> None:
    sidecar.put_job("web")

    response = sidecar.call("DELETE", f"{BASE}/{job_id}")

    assert response.status_code == 404
    assert response.json["error"]["reason"] == f"No known job with id '{job_id}'"


def test_configuration_over_the_limit_is_refused(make_sidecar) -> None:
    sidecar = make_sidecar(config_max_bytes=100)

    response = sidecar.call("PUT", f"{BASE}/web", {**JOB, "description": "x" * 100})

    assert response.status_code == 413
    assert response.json["error"]["type"] == "content_too_long_exception"


def test_body_in_the_url_counts_where_none_is_sent(sidecar: Sidecar) -> None:
    sidecar.put_job()
    sidecar.open_job()

    response = sidecar.call(
        "POST",
        f"{BASE}/web/_flush",
        query_string={"source": '{"calc_interim":true}', "source_content_type": "application/json"},
    )

    assert response.status_code == 200
    assert sidecar.runtime.flushes[0][1].calc_interim
