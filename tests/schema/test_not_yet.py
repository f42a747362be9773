"""Features that are not there yet are refused after all native checks, with advice."""

from typing import Any

import pytest

from sidecar.errors import BadRequestError
from sidecar.schema.job_parser import parse_job
from sidecar.schema.not_yet import require_supported
from tests.schema.job_bodies import config_body, detector_body, job_body

FUNCTIONS = ("count", "mean")
RULE = {"conditions": [{"applies_to": "actual", "operator": "gt", "value": 1}]}


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (detector_body({"function": "rare", "by_field_name": "a"}), "Function [rare]"),
        (detector_body({"function": "time_of_day"}), "Function [time_of_day]"),
        (job_body(datafeed_config={"indices": ["a"]}), "[datafeed_config]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_job_that_uses_it_is_refused(body: bytes, what: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        require_supported(parse_job(body, "job"), FUNCTIONS)
    assert caught.value.reason.startswith(
        f"{what} is not supported by this version of ml-sidecar yet; "
    )


@pytest.mark.parametrize(
    "detector",
    [
        {"function": "count", "over_field_name": "a", "exclude_frequent": "all"},
        {"function": "count", "custom_rules": [RULE]},
        {"function": "count", "over_field_name": "a", "custom_rules": [RULE]},
        {"function": "mean", "field_name": "x", "by_field_name": "a", "partition_field_name": "b"},
    ],
)
def test_a_job_without_it_passes(detector: dict[str, Any]) -> None:
    require_supported(parse_job(detector_body(detector), "job"), FUNCTIONS)
    require_supported(parse_job(config_body(multivariate_by_fields=True), "job"), FUNCTIONS)


@pytest.mark.parametrize("function", ["rare", "freq_rare", "time_of_day", "time_of_week"])
def test_these_functions_take_an_over_field(function: str) -> None:
    by = {"by_field_name": "a"} if "rare" in function else {}
    body = detector_body({"function": function, "over_field_name": "b", **by})
    require_supported(parse_job(body, "job"), {function})
