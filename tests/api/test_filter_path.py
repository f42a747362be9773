"""`filter_path` answers only what was asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.api.filter_path import apply_filter_path

BODY: dict[str, Any] = {
    "count": 2,
    "jobs": [
        {"job_id": "a", "state": "opened", "data_counts": {"bucket_count": 3, "log_time": 1}},
        {"job_id": "b", "state": "closed", "data_counts": {"bucket_count": 4}},
    ],
}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param("count", {"count": 2}, id="a member"),
        pytest.param("jobs.job_id", {"jobs": [{"job_id": "a"}, {"job_id": "b"}]}, id="in arrays"),
        pytest.param(
            "count,jobs.state",
            {"count": 2, "jobs": [{"state": "opened"}, {"state": "closed"}]},
            id="several",
        ),
        pytest.param(
            "jobs.*.bucket_count",
            {"jobs": [{"data_counts": {"bucket_count": 3}}, {"data_counts": {"bucket_count": 4}}]},
            id="any name",
        ),
        pytest.param("**.log_time", {"jobs": [{"data_counts": {"log_time": 1}}]}, id="any depth"),
        pytest.param("jobs.st*", {"jobs": [{"state": "opened"}, {"state": "closed"}]}, id="prefix"),
        pytest.param("nothing.here", {}, id="no match"),
        pytest.param("count.deeper", {}, id="below a leaf"),
        pytest.param("-jobs", {"count": 2}, id="without"),
        pytest.param(
            "jobs,-jobs.data_counts,-jobs.state",
            {"jobs": [{"job_id": "a"}, {"job_id": "b"}]},
            id="with and without",
        ),
        pytest.param("-**.*", {}, id="without anything"),
        pytest.param(" count , ", {"count": 2}, id="white space"),
    ],
)
def test_filter_lets_through(filters: str, expected: dict[str, Any]) -> None:
    assert apply_filter_path(BODY, filters) == expected


def test_dot_in_a_name_is_escaped() -> None:
    assert apply_filter_path({"a.b": {"c": 1}, "a": {"b": 2}}, "a\\.b.c") == {"a.b": {"c": 1}}


def test_double_star_keeps_everything() -> None:
    assert apply_filter_path(BODY, "**") == BODY


@given(st.text(alphabet="abc.*-,\\", max_size=30))
def test_any_filter_is_answered(filters: str) -> None:
    assert isinstance(apply_filter_path(BODY, filters), dict)
