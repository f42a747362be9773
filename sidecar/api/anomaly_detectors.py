"""Jobs over HTTP: create, read, update, open, feed, flush, close, delete."""

from __future__ import annotations

import dataclasses
from typing import Any

from sidecar.api.caller import OPAQUE_ID
from sidecar.api.job_stats import render_job_stats
from sidecar.api.rest import Answer, BodyKind, RestRequest, Route
from sidecar.interfaces import FlushRequest, TimeRange
from sidecar.schema.data_parameters import parse_flush, parse_reset_range
from sidecar.schema.job_document import render_job
from sidecar.schema.job_parser import parse_job
from sidecar.schema.job_update import parse_job_update
from sidecar.schema.memory_estimate import parse_memory_estimate
from sidecar.schema.request_parameters import parse_close, parse_open
from sidecar.services.deletion import DeleteRequest
from sidecar.services.services import Services

BASE = "/_ml/anomaly_detectors"
_ACCEPTED = 202
_POST_DATA_DEPRECATION = (
    "Posting data directly to anomaly detection jobs is deprecated, since version 7.11.0, "
    "in a future major version it will be compulsory to use a datafeed"
)


def put_job(services: Services, request: RestRequest) -> Answer:
    """Create a job."""
    job = parse_job(request.body, request.path["job_id"])
    return Answer(render_job(services.jobs.create(job)))


def get_jobs(services: Services, request: RestRequest) -> Answer:
    """Configurations of jobs."""
    exclude_generated = request.flag("exclude_generated", default=False)
    jobs = services.jobs.get(
        request.path.get("job_id", "_all"),
        allow_no_match=request.flag("allow_no_match", default=True),
    )
    rendered = [render_job(job, exclude_generated=exclude_generated) for job in jobs]
    return Answer({"count": len(rendered), "jobs": rendered})


def get_job_stats(services: Services, request: RestRequest) -> Answer:
    """Statistics of jobs."""
    stats = services.job_stats.get(
        request.path.get("job_id", "_all"),
        allow_no_match=request.flag("allow_no_match", default=True),
    )
    return Answer({"count": len(stats), "jobs": [render_job_stats(each) for each in stats]})


def update_job(services: Services, request: RestRequest) -> Answer:
    """Change a job; the whole job is answered."""
    update = parse_job_update(request.body)
    return Answer(render_job(services.jobs.update(request.path["job_id"], update)))


def delete_job(services: Services, request: RestRequest) -> Answer:
    """Delete a job, at once or as a task."""
    opaque_id = request.caller.opaque_id
    deletion = DeleteRequest(
        request.path["job_id"],
        force=request.flag("force", default=False),
        delete_user_annotations=request.flag("delete_user_annotations", default=False),
        headers={} if opaque_id is None else {OPAQUE_ID: opaque_id},
    )
    if request.flag("wait_for_completion", default=True):
        services.deletion.delete(deletion)
        return Answer({"acknowledged": True})
    return Answer({"task": services.deletion.delete_later(deletion)})


def open_job(services: Services, request: RestRequest) -> Answer:
    """Open a job."""
    parameters = parse_open(request.body, request.query)
    node = services.job_states.open(request.path["job_id"], parameters.timeout.millis)
    return Answer({"opened": True, "node": node})


def close_job(services: Services, request: RestRequest) -> Answer:
    """Close jobs."""
    parameters = parse_close(request.body, request.query)
    services.job_states.close(
        request.path["job_id"],
        allow_no_match=parameters.allow_no_match,
        force=parameters.force,
        timeout_ms=parameters.timeout.millis,
    )
    return Answer({"closed": True})


def post_data(services: Services, request: RestRequest) -> Answer:
    """Send data to an open job; its body is passed on while it comes in."""
    span = parse_reset_range(request.query, now_ms=services.clock())
    counts = services.data.post(
        request.path["job_id"], request.pieces, None if span is None else TimeRange(*span)
    )
    return Answer(counts.to_document(), _ACCEPTED)


def flush_job(services: Services, request: RestRequest) -> Answer:
    """Wait until what was sent is analysed."""
    parameters = parse_flush(request.body, request.query, now_ms=services.clock())
    flush = FlushRequest(**dataclasses.asdict(parameters))
    answer = services.data.flush(request.path["job_id"], flush)
    body: dict[str, Any] = {"flushed": True}
    if answer.last_finalized_bucket_end is not None:
        body["last_finalized_bucket_end"] = answer.last_finalized_bucket_end
    return Answer(body)


def estimate_model_memory(services: Services, request: RestRequest) -> Answer:
    """Memory that a job's models would take."""
    estimate_mb = services.jobs.estimate_memory_mb(parse_memory_estimate(request.body))
    return Answer({"model_memory_estimate": f"{estimate_mb}mb"})


_GET_JOBS = frozenset({"allow_no_match", "exclude_generated"})
_GET_STATS = frozenset({"allow_no_match"})
_JOB = f"{BASE}/{{job_id}}"

ROUTES = (
    Route(
        "ml.put_job",
        ("PUT",),
        _JOB,
        put_job,
        frozenset(
            {"allow_no_indices", "expand_wildcards", "ignore_throttled", "ignore_unavailable"}
        ),
        BodyKind.REQUIRED,
    ),
    Route(
        "ml.estimate_model_memory",
        ("POST",),
        f"{BASE}/_estimate_model_memory",
        estimate_model_memory,
        body=BodyKind.REQUIRED,
    ),
    Route("ml.get_jobs", ("GET",), BASE, get_jobs, _GET_JOBS),
    Route("ml.get_jobs", ("GET",), _JOB, get_jobs, _GET_JOBS),
    Route("ml.get_job_stats", ("GET",), f"{BASE}/_stats", get_job_stats, _GET_STATS),
    Route("ml.get_job_stats", ("GET",), f"{_JOB}/_stats", get_job_stats, _GET_STATS),
    Route("ml.update_job", ("POST",), f"{_JOB}/_update", update_job, body=BodyKind.REQUIRED),
    Route(
        "ml.delete_job",
        ("DELETE",),
        _JOB,
        delete_job,
        frozenset(
            {
                "delete_user_annotations",
                "force",
                "master_timeout",
                "timeout",
                "wait_for_completion",
            }
        ),
    ),
    Route(
        "ml.open_job",
        ("POST",),
        f"{_JOB}/_open",
        open_job,
        frozenset({"timeout"}),
        BodyKind.OPTIONAL,
    ),
    Route(
        "ml.close_job",
        ("POST",),
        f"{_JOB}/_close",
        close_job,
        frozenset({"allow_no_jobs", "allow_no_match", "force", "timeout"}),
        BodyKind.OPTIONAL,
    ),
    Route(
        "ml.post_data",
        ("POST",),
        f"{_JOB}/_data",
        post_data,
        frozenset({"reset_end", "reset_start"}),
        BodyKind.STREAM,
        _POST_DATA_DEPRECATION,
    ),
    Route(
        "ml.flush_job",
        ("POST",),
        f"{_JOB}/_flush",
        flush_job,
        frozenset({"advance_time", "calc_interim", "end", "skip_time", "start"}),
        BodyKind.OPTIONAL,
    ),
)
