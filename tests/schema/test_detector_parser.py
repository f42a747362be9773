"""Detectors: what is refused, and how accepted ones are called."""

from typing import Any

import pytest

from sidecar.schema.job_parser import parse_job
from tests.schema.job_bodies import detector_body
from tests.schema.refusals import BAD_NAME, FORM, ILLEGAL, STATUS, refusal

RULE = {"conditions": [{"applies_to": "actual", "operator": "gt", "value": 1}]}


@pytest.mark.parametrize(
    ("detector", "kind", "reason"),
    [
        ({"function": "sum_up"}, ILLEGAL, "Unknown function 'sum_up'"),
        (
            {"function": "mean"},
            STATUS,
            "Unless a count or temporal function is used one of field_name, by_field_name or "
            "over_field_name must be set",
        ),
        (
            {},
            STATUS,
            "Unless a count or temporal function is used one of field_name, by_field_name or "
            "over_field_name must be set",
        ),
        (
            {"function": "mean", "by_field_name": "a"},
            STATUS,
            "field_name must be set when the 'mean' function is used",
        ),
        (
            {"function": "count", "field_name": "a"},
            STATUS,
            "field_name cannot be used with function 'count'",
        ),
        (
            {"function": "rare", "over_field_name": "a"},
            STATUS,
            "by_field_name must be set when the 'rare' function is used",
        ),
        (
            {"function": "freq_rare", "by_field_name": "a"},
            STATUS,
            "over_field_name must be set when the 'freq_rare' function is used",
        ),
        (
            {"function": "nzc", "over_field_name": "a"},
            STATUS,
            "over_field_name cannot be used with function 'non_zero_count'",
        ),
        ({"function": "count", "by_field_name": 'a"b'}, STATUS, BAD_NAME.format('a"b')),
        ({"function": "count", "by_field_name": "a\\b"}, STATUS, BAD_NAME.format("a\\b")),
        ({"function": "sum", "field_name": "a\tb"}, STATUS, BAD_NAME.format("a\tb")),
        (
            {"function": "sum", "field_name": "."},
            STATUS,
            "Invalid field name '.'. Field names including over, by and partition fields cannot "
            "be '.'",
        ),
        (
            {"function": "count", "by_field_name": "a", "partition_field_name": "a"},
            STATUS,
            "partition_field_name and by_field_name cannot be the same: 'a'",
        ),
        (
            {"function": "count", "over_field_name": "a", "partition_field_name": "a"},
            STATUS,
            "partition_field_name and over_field_name cannot be the same: 'a'",
        ),
        (
            {"function": "count", "by_field_name": "a", "over_field_name": "a"},
            STATUS,
            "by_field_name and over_field_name cannot be the same: 'a'",
        ),
        (
            {"function": "count", "by_field_name": "count"},
            STATUS,
            "'count' is not a permitted value for by_field_name",
        ),
        (
            {"function": "count", "over_field_name": "by"},
            STATUS,
            "'by' is not a permitted value for over_field_name",
        ),
        (
            {"function": "count", "by_field_name": "over"},
            STATUS,
            "'over' is not a permitted value for by_field_name",
        ),
        (
            {"function": "count", "exclude_frequent": "some"},
            ILLEGAL,
            "Invalid value [some] for [exclude_frequent]; allowed are [all, none, by, over]",
        ),
        (
            {"function": "count", "custom_rules": [{}]},
            STATUS,
            "Invalid detector rule: at least scope or a condition is required",
        ),
        (
            {"function": "metric", "field_name": "x", "custom_rules": [RULE]},
            STATUS,
            "Invalid detector rule: function metric only supports conditions that apply to time",
        ),
        (
            {"function": "count", "custom_rules": [{"scope": {"a": {"filter_id": "f"}}}]},
            STATUS,
            "Invalid detector rule: scope field 'a' is invalid; detector has no available fields "
            "for scoping",
        ),
        (
            {
                "function": "count",
                "by_field_name": "c",
                "partition_field_name": "b",
                "custom_rules": [{"scope": {"a": {"filter_id": "f"}}}],
            },
            STATUS,
            "Invalid detector rule: scope field 'a' is invalid; select from [b, c]",
        ),
        *(
            (
                {
                    "function": "count",
                    "custom_rules": [{**RULE, "actions": ["force_time_shift"], **params}],
                },
                STATUS,
                "Invalid detector rule: action force_time_shift requires "
                "[params.force_time_shift.time_shift_amount] in whole seconds",
            )
            for params in (
                {},
                {"params": {}},
                {"params": {"force_time_shift": 5}},
                {"params": {"force_time_shift": {"time_shift_amount": "1h"}}},
                {"params": {"force_time_shift": {"time_shift_amount": True}}},
            )
        ),
        (
            {"function": "count", "custom_rules": [{"scope": {"a": None}}]},
            FORM,
            "[1:112] [filter_ref] Expected START_OBJECT but was: VALUE_NULL",
        ),
        (
            {"function": "count", "custom_rules": [{"conditions": [{"applies_to": "actual"}]}]},
            ILLEGAL,
            "Required [operator, value]",
        ),
    ],
)
def test_a_detector_is_refused(detector: dict[str, Any], kind: str, reason: str) -> None:
    assert refusal(detector_body(detector)) == (kind, reason)


@pytest.mark.parametrize(
    ("detector", "function", "description"),
    [
        ({"function": "count"}, "count", "count"),
        ({"field_name": "x"}, "metric", "metric(x)"),
        ({"function": "dc", "field_name": "x"}, "distinct_count", "distinct_count(x)"),
        ({"function": "low_nzc"}, "low_non_zero_count", "low_non_zero_count"),
        ({"function": "avg", "field_name": "x.y"}, "avg", 'avg("x.y")'),
        (
            {
                "function": "high_mean",
                "field_name": "x",
                "by_field_name": "b",
                "over_field_name": "o",
                "partition_field_name": "p-q",
                "use_null": True,
                "exclude_frequent": "ALL",
            },
            "high_mean",
            'high_mean(x) by b over o usenull=true partitionfield="p-q" excludefrequent=all',
        ),
        ({"function": "count", "detector_description": "mine"}, "count", "mine"),
        ({"function": "count", "detector_description": ""}, "count", ""),
    ],
)
def test_detectors_get_a_full_name_and_a_description(
    detector: dict[str, Any], function: str, description: str
) -> None:
    (parsed,) = parse_job(detector_body(detector), "job").analysis_config.detectors
    assert (parsed.function, parsed.detector_description) == (function, description)


@pytest.mark.parametrize(
    "params",
    [{"time_shift_amount": -3600}, {"force_time_shift": {"time_shift_amount": -3600}}],
)
def test_a_rule_says_how_far_it_shifts_the_time(params: dict[str, Any]) -> None:
    rule = {**RULE, "actions": ["force_time_shift"], "params": params}
    body = detector_body({"function": "count", "custom_rules": [rule]})
    (detector,) = parse_job(body, "job").analysis_config.detectors
    assert detector.custom_rules[0].time_shift_s() == -3600


def test_detectors_are_numbered_whatever_they_say() -> None:
    body = detector_body({"function": "count", "detector_index": 7}, {"function": "high_count"})
    detectors = parse_job(body, "job").analysis_config.detectors
    assert [detector.detector_index for detector in detectors] == [0, 1]
