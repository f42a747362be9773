"""Expressions over jobs, groups and wildcards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import ResourceNotFoundError
from sidecar.schema.job import Job
from sidecar.schema.job_parser import parse_job
from sidecar.services.id_matching import expand_job_ids
from tests.schema.job_bodies import job_body


def job(job_id: str, *groups: str) -> Job:
    return parse_job(job_body(groups=list(groups)), job_id)


JOBS = [job("web-1", "web"), job("web-2", "web", "old"), job("db", "old"), job("a.b")]


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("_all", ["a.b", "db", "web-1", "web-2"]),
        ("*", ["a.b", "db", "web-1", "web-2"]),
        ("", ["a.b", "db", "web-1", "web-2"]),
        ("db", ["db"]),
        ("web", ["web-1", "web-2"]),
        ("web-*", ["web-1", "web-2"]),
        ("*b*", ["a.b", "db", "web-1", "web-2"]),
        ("*-2,db", ["db", "web-2"]),
        ("db,db, old ,", ["db", "web-2"]),
        ("ol*", ["db", "web-2"]),
        ("w*b*1", ["web-1"]),
        ("a.*", ["a.b"]),
        ("nothing*", []),
        ("nothing*,db", ["db"]),
    ],
)
def test_expressions_are_expanded(expression: str, ids: list[str]) -> None:
    assert expand_job_ids(expression, JOBS, allow_no_match=True) == ids


@pytest.mark.parametrize(
    ("expression", "allow_no_match", "missing"),
    [
        ("nope", True, "nope"),
        ("db,nope", True, "nope"),
        ("nope,nix", True, "nope,nix"),
        ("nothing*", False, "nothing*"),
        ("db,nothing*,nope", False, "nothing*,nope"),
        ("a_b", True, "a_b"),
        ("db,_all", True, "_all"),
    ],
)
def test_what_matches_nothing_is_named(expression: str, allow_no_match: bool, missing: str) -> None:
    with pytest.raises(ResourceNotFoundError) as caught:
        expand_job_ids(expression, JOBS, allow_no_match=allow_no_match)
    assert caught.value.reason == f"No known job with id '{missing}'"


@pytest.mark.parametrize("expression", ["_all", "*", ""])
def test_all_of_no_jobs_is_nothing_or_an_error(expression: str) -> None:
    assert expand_job_ids(expression, [], allow_no_match=True) == []
    with pytest.raises(ResourceNotFoundError, match=r"No known job with id '\*'"):
        expand_job_ids(expression, [], allow_no_match=False)


@given(st.lists(st.sampled_from(["a", "ab", "b"]), min_size=1, max_size=5), st.data())
def test_a_pattern_with_parts_left_out_matches(parts: list[str], data: st.DataObject) -> None:
    name = "".join(parts)
    pattern = "".join("*" if data.draw(st.booleans()) else part for part in parts)
    assert expand_job_ids(pattern, [job(name)], allow_no_match=False) == [name]
