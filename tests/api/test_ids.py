"""Whatever a caller writes where a name belongs, only single names get behind the edge."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings

from sidecar.schema.ids import is_valid_id
from tests.api.conftest import JOB, Sidecar
from tests.storage.test_names import HOSTILE, TEXTS

JOBS = "/_ml/anomaly_detectors"


@settings(deadline=None)
@given(job_id=TEXTS, results_index=TEXTS, group=TEXTS)
def test_stored_jobs_have_single_names(job_id: str, results_index: str, group: str) -> None:
    sidecar = Sidecar()
    body = {**JOB, "results_index_name": results_index, "groups": [group]}
    response = sidecar.call("PUT", f"{JOBS}/{quote(job_id, safe='')}", body)
    assert response.status_code < 500
    for job in sidecar.stores.jobs.get_all():
        assert all(map(is_valid_id, (job.job_id, job.results_index_name, *job.groups)))
    valid = is_valid_id(job_id) and is_valid_id(group)
    if not valid or not (is_valid_id(results_index) or results_index == ""):
        assert response.status_code >= 400
        assert sidecar.stores.jobs.get_all() == []


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("member", ["job_id", "results_index_name"])
def test_names_of_an_existing_job_cannot_be_changed(
    sidecar: Sidecar, member: str, text: str
) -> None:
    before = sidecar.put_job()
    # As native does, an id in the body of an update is passed over.
    status = sidecar.call("POST", f"{JOBS}/web/_update", {member: text}).status_code
    assert status == (200 if member == "job_id" else 400)
    assert sidecar.call("GET", f"{JOBS}/web").json["jobs"] == [before]
