"""Updates change what they name, and nothing that must stay."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings

from sidecar.errors import MlError
from sidecar.schema.job import Job
from sidecar.schema.job_defaults import fill_defaults
from sidecar.schema.job_document import render_job
from sidecar.schema.job_parser import parse_job
from sidecar.schema.job_update import apply_update, parse_job_update, updated_fields
from tests.schema.job_bodies import detector_body, valid_jobs

MIB = 1024 * 1024


def stored_job() -> Job:
    body = detector_body(
        {"function": "count", "by_field_name": "a"}, {"function": "max", "field_name": "x"}
    )
    return fill_defaults(parse_job(body, "job"), now_ms=1)


def updated(is_open: bool = False, model_bytes: int = 0, **changes: Any) -> Job:
    update = parse_job_update(json.dumps(changes).encode())
    return apply_update(stored_job(), update, is_open=is_open, model_bytes=model_bytes)


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "new"},
        {"groups": ["g"]},
        {"allow_lazy_open": True},
        {"background_persist_interval": "2h"},
        {"renormalization_window_days": 3},
        {"results_retention_days": 3},
        {"model_snapshot_retention_days": 30, "daily_model_snapshot_retention_after_days": 2},
        {"custom_settings": {"a": [1]}},
        {"model_plot_config": {"enabled": False, "annotations_enabled": True}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_members_are_replaced(changes: dict[str, Any]) -> None:
    before, after = render_job(stored_job()), render_job(updated(**changes))
    assert {name: after[name] for name in changes} == changes
    assert {n: v for n, v in after.items() if n not in changes} == {
        n: v for n, v in before.items() if n not in changes
    }


def test_detectors_change_by_index() -> None:
    rule = {"conditions": [{"applies_to": "actual", "operator": "lt", "value": 2.0}]}
    job = updated(
        detectors=[
            {"detector_index": 1, "description": "maximum"},
            {"detector_index": 0, "custom_rules": [rule]},
        ]
    )
    first, second = render_job(job)["analysis_config"]["detectors"]
    assert second["detector_description"] == "maximum"
    assert first["custom_rules"] == [{"actions": ["skip_result"], **rule}]
    assert first["detector_description"] == "count by a"


def test_the_prune_window_changes() -> None:
    config = render_job(updated(model_prune_window="60d"))["analysis_config"]
    assert config["model_prune_window"] == "60d"


def test_the_memory_limit_changes_and_the_other_limit_stays() -> None:
    limits = updated(analysis_limits={"model_memory_limit": "2gb"}).analysis_limits
    assert dataclasses.astuple(limits) == (2048, 4)


def test_an_empty_update_changes_nothing() -> None:
    assert updated() == stored_job()
    assert updated(job_id="whatever", description=None) == stored_job()


def refusal(**changes: Any) -> list[str]:
    with pytest.raises(MlError) as caught:
        updated(**changes)
    reasons, error = [], caught.value
    assert error.status == 400
    while error is not None:
        reasons.append(error.reason)
        error = error.cause  # type: ignore[assignment]
    return reasons


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        pytest.param(
            {"is_open": True, "analysis_limits": {"model_memory_limit": "2gb"}},
            ["Cannot update analysis_limits while the job is open"],
            id="limits of an open job",
        ),
        pytest.param(
            {"model_bytes": 25 * MIB + 1, "analysis_limits": {"model_memory_limit": "10mb"}},
            [
                "Invalid update value for analysis_limits: model_memory_limit cannot be decreased "
                "below current usage; current usage [25mb], update had [10mb]"
            ],
            id="limit below usage",
        ),
        pytest.param(
            {"detectors": [{"detector_index": 2, "description": "x"}]},
            ["Supplied detector_index [2] is >= the number of detectors [2]"],
            id="unknown detector",
        ),
        pytest.param(
            {"per_partition_categorization": {"enabled": True}},
            ["analysis_config.per_partition_categorization.enabled cannot be updated"],
            id="categorization per partition",
        ),
        pytest.param(
            {"categorization_filters": ["x"]},
            ["categorization_filters require setting categorization_field_name"],
            id="filters without categorization",
        ),
        pytest.param(
            {"model_prune_window": "90m"},
            ["model_prune_window [1.5h] must be a multiple of bucket_span [1h]"],
            id="prune window",
        ),
        pytest.param(
            {"groups": ["job"]},
            ["job and group names must be unique but job [job] and group [job] have the same name"],
            id="group named as the job",
        ),
        pytest.param(
            {"daily_model_snapshot_retention_after_days": 11},
            [
                "The value of 'daily_model_snapshot_retention_after_days' [11] cannot be greater "
                "than 'model_snapshot_retention_days' [10]"
            ],
            id="retention",
        ),
        pytest.param(
            {"bucket_span": "1h"},
            ["[1:2] [job_update] unknown field [bucket_span]"],
            id="what cannot be updated",
        ),
        pytest.param(
            {"background_persist_interval": "5"},
            [
                "[1:33] failed to build [job_update] after last required field arrived",
                "[1:33] [job_update] failed to parse field [background_persist_interval]",
                "failed to parse setting [background_persist_interval] with value [5] as a time "
                "value: unit is missing or unrecognized",
            ],
            id="no duration",
        ),
    ],
)
def test_an_update_is_refused(changes: dict[str, Any], reasons: list[str]) -> None:
    assert refusal(**changes) == reasons


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        pytest.param({}, "Required [detector_index]", id="none"),
        pytest.param(
            {"detector_index": -1},
            "detector_index cannot be less than 0. Value = -1",
            id="negative",
        ),
    ],
)
def test_a_detector_update_needs_an_index(index: dict[str, int], reason: str) -> None:
    assert refusal(detectors=[index])[-1] == reason


def test_a_rule_must_fit_its_detector() -> None:
    rule = {"scope": {"b": {"filter_id": "f"}}}
    assert refusal(detectors=[{"detector_index": 0, "custom_rules": [rule]}]) == [
        "Invalid detector rule: scope field 'b' is invalid; select from [a]"
    ]


def test_changed_members_are_listed_sorted() -> None:
    update = parse_job_update(b'{"groups":[],"description":"d","detectors":[]}')
    assert updated_fields(update) == ["description", "detectors", "groups"]


@settings(max_examples=30)
@given(valid_jobs(), valid_jobs())
def test_an_update_with_members_of_a_valid_job_gives_a_valid_job(
    body: dict[str, Any], other: dict[str, Any]
) -> None:
    job = fill_defaults(parse_job(json.dumps(body).encode(), "job"), now_ms=1)
    changes = {
        name: other[name] for name in ("description", "groups", "custom_settings") if name in other
    }
    update = parse_job_update(json.dumps(changes).encode())
    changed = render_job(apply_update(job, update, is_open=True, model_bytes=0))
    expected = {**render_job(job), **changes}
    if expected.get("groups") == []:
        del expected["groups"]
    assert changed == expected
