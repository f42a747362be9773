"""Whatever the job: what is accepted stays the same, the rest is refused with our errors."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.errors import MlError
from sidecar.schema.job_defaults import fill_defaults
from sidecar.schema.job_document import job_from_document, job_to_document, render_job
from sidecar.schema.job_parser import parse_job
from tests.schema.job_bodies import valid_jobs


@settings(max_examples=40)
@given(valid_jobs())
def test_parsing_what_was_rendered_gives_the_same_job(body: dict[str, Any]) -> None:
    job = fill_defaults(parse_job(json.dumps(body).encode(), "job"), now_ms=1_700_000_000_000)
    rendered = render_job(job, exclude_generated=True)
    again = parse_job(json.dumps(rendered).encode(), "job")
    assert fill_defaults(again, now_ms=1_700_000_000_000) == job


@settings(max_examples=40)
@given(valid_jobs())
def test_a_stored_job_is_read_back(body: dict[str, Any]) -> None:
    job = fill_defaults(parse_job(json.dumps(body).encode(), "job"), now_ms=5)
    assert job_from_document(job_to_document(job)) == job


@settings(max_examples=40)
@given(valid_jobs(), st.dictionaries(st.text(min_size=12), st.integers(), max_size=2))
def test_what_is_accepted_strictly_is_accepted_leniently(
    body: dict[str, Any], unknown: dict[str, int]
) -> None:
    strict = parse_job(json.dumps(body).encode(), "job")
    lenient = job_from_document(
        {
            **body,
            **unknown,
            "job_id": "job",
            "analysis_config": {**body["analysis_config"], **unknown},
        }
    )
    assert lenient == strict


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below: list[tuple[Any, ...]] = [at]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, member in items:
        if isinstance(member, dict | list):
            below += _paths(member, (*at, name))
        else:
            below.append((*at, name))
    return below


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_change_of_a_job_is_accepted_or_refused_with_an_error_of_ours(
    data: st.DataObject,
) -> None:
    body = json.loads(json.dumps(data.draw(valid_jobs())))
    path = data.draw(st.sampled_from([path for path in _paths(body) if path]))
    target = body
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = data.draw(_JSON)
    try:
        job = fill_defaults(parse_job(json.dumps(body).encode(), "job"), now_ms=0)
    except MlError as error:
        assert error.status == 400  # noqa: PT017
    else:
        assert job_from_document(job_to_document(job)) == job


@given(_JSON)
def test_any_json_is_a_job_or_an_error_of_ours(value: Any) -> None:
    with pytest.raises(MlError):
        parse_job(json.dumps(value).encode(), "job")
