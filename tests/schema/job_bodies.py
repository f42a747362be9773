"""Bodies of job requests for tests: a valid one, changes of it, and strategies."""

import json
from typing import Any

from hypothesis import strategies as st

MINIMAL: dict[str, Any] = {
    "analysis_config": {"bucket_span": "1h", "detectors": [{"function": "count"}]},
    "data_description": {"time_field": "time"},
}


def job_body(**changes: Any) -> bytes:
    """The minimal job with members replaced; None takes a member away."""
    body = {**MINIMAL, **changes}
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def config_body(**changes: Any) -> bytes:
    """The minimal job with members of its analysis_config replaced."""
    config = {**MINIMAL["analysis_config"], **changes}
    return job_body(analysis_config={n: v for n, v in config.items() if v is not None})


def detector_body(*detectors: dict[str, Any]) -> bytes:
    """The minimal job with these detectors."""
    return config_body(detectors=list(detectors))


_NAMES = st.sampled_from(["host", "user.name", "clientip", "région", "a b", "n_1"])
_METRICS = ["mean", "high_mean", "low_sum", "non_null_sum", "median", "varp", "min", "max"]
_TEXT = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=12)
_RULE = st.fixed_dictionaries(
    {
        "actions": st.sampled_from([["skip_result"], ["skip_result", "skip_model_update"]]),
        "conditions": st.lists(
            st.fixed_dictionaries(
                {
                    "applies_to": st.just("actual"),
                    "operator": st.sampled_from(["gt", "gte", "lt", "lte"]),
                    "value": st.floats(-1e9, 1e9),
                }
            ),
            min_size=1,
            max_size=2,
        ),
    }
)


@st.composite
def _detectors(draw: st.DrawFn, index: int) -> dict[str, Any]:
    counts = draw(st.booleans())
    detector: dict[str, Any] = {"function": draw(st.sampled_from(["count", "high_count"]))}
    if not counts:
        detector = {
            "function": draw(st.sampled_from([*_METRICS, "dc", "nzc", "distinct_count"])),
            "field_name": f"metric_{index}",
        }
        if detector["function"] == "nzc":
            del detector["field_name"]
    by, partition = draw(st.lists(_NAMES, min_size=2, max_size=2, unique=True))
    if draw(st.booleans()):
        detector["by_field_name"] = by
    if draw(st.booleans()):
        detector["partition_field_name"] = partition
    if draw(st.booleans()):
        detector["use_null"] = draw(st.booleans())
    if draw(st.booleans()):
        detector["exclude_frequent"] = draw(st.sampled_from(["all", "none", "by", "over"]))
    if draw(st.booleans()):
        detector["custom_rules"] = draw(st.lists(_RULE, max_size=2))
    # Makes every detector different.
    detector["detector_description"] = f"{index} {draw(_TEXT)}"
    return detector


@st.composite
def valid_jobs(draw: st.DrawFn) -> dict[str, Any]:
    """Bodies that a job can be created from."""
    count = draw(st.integers(1, 3))
    config: dict[str, Any] = {
        "detectors": [draw(_detectors(index)) for index in range(count)],
        "bucket_span": draw(st.sampled_from(["1s", "300s", "5m", "60m", "1h", "1d"])),
    }
    optional_config = {
        "influencers": st.lists(_NAMES, max_size=3),
        "latency": st.sampled_from(["0s", "10s", "1h"]),
        "summary_count_field_name": st.just("doc_count"),
        "multivariate_by_fields": st.booleans(),
        "model_prune_window": st.sampled_from(["10d", "60d"]),
    }
    optional = {
        "description": _TEXT,
        "groups": st.lists(st.sampled_from(["g1", "g-2", "x.y"]), max_size=3),
        "analysis_limits": st.sampled_from(
            [{}, {"model_memory_limit": "2gb"}, {"model_memory_limit": 12},
             {"categorization_examples_limit": 0}]
        ),
        "model_plot_config": st.sampled_from(
            [{"enabled": True}, {"enabled": False, "terms": "a,b", "annotations_enabled": True}]
        ),
        "renormalization_window_days": st.integers(0, 1000),
        "background_persist_interval": st.sampled_from(["1h", "90m", "2d"]),
        "results_retention_days": st.integers(0, 1000),
        "model_snapshot_retention_days": st.integers(0, 1000),
        "results_index_name": st.sampled_from(["shared", "mine", "custom-mine"]),
        "allow_lazy_open": st.booleans(),
        "custom_settings": st.dictionaries(
            _TEXT, st.none() | st.integers(-5, 5) | st.lists(_TEXT, max_size=2), max_size=3
        ),
    }  # fmt: skip
    for name, values in optional_config.items():
        if draw(st.booleans()):
            config[name] = draw(values)
    body: dict[str, Any] = {
        "analysis_config": config,
        "data_description": draw(
            st.sampled_from(
                [{}, {"time_field": "@timestamp", "time_format": "epoch"},
                 {"time_format": "yyyy-MM-dd HH:mm:ss", "format": "XContent"}]
            )
        ),
    }  # fmt: skip
    for name, values in optional.items():
        if draw(st.booleans()):
            body[name] = draw(values)
    order = draw(st.permutations(sorted(body)))
    return {name: body[name] for name in order}
