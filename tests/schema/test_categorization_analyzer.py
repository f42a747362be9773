"""The categorization analyzer of a job: defaults, parts, errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.errors import BadRequestError
from sidecar.schema.categorization_analyzer import default_analyzer, parse_analyzer
from sidecar.schema.job import Job
from sidecar.schema.job_defaults import fill_defaults
from sidecar.schema.job_document import job_from_document, job_to_document
from sidecar.schema.job_parser import parse_job
from sidecar.schema.not_yet import require_supported
from tests.schema.job_bodies import config_body


def _filled(**config: Any) -> Job:
    body = config_body(
        detectors=[{"function": "count", "by_field_name": "mlcategory"}],
        categorization_field_name="message",
        **config,
    )
    return fill_defaults(parse_job(body, "job"), now_ms=1)


def test_the_default_analyzer_is_written_into_the_job() -> None:
    job = _filled()
    analyzer = job.analysis_config.categorization_analyzer
    assert analyzer["char_filter"] == ["first_line_with_letters"]
    assert analyzer["tokenizer"] == "ml_standard"
    stop, limit = analyzer["filter"]
    assert stop["type"] == "stop"
    assert {"Monday", "Mon", "December", "Dec", "May", "GMT", "UTC"} <= set(stop["stopwords"])
    assert limit == {"type": "limit", "max_token_count": "100"}
    assert len(stop["stopwords"]) == len(set(stop["stopwords"])) == 7 * 2 + 12 * 2 - 1 + 2
    assert job_from_document(job_to_document(job)) == job
    require_supported(job, ["count"])


def test_filters_become_a_part_of_the_analyzer() -> None:
    config = _filled(categorization_filters=[r"\[.*?\]", "x"]).analysis_config
    assert config.categorization_filters is None
    assert config.categorization_analyzer["char_filter"] == [
        "first_line_with_letters",
        {"type": "pattern_replace", "pattern": r"\[.*?\]"},
        {"type": "pattern_replace", "pattern": "x"},
    ]


@pytest.mark.parametrize("analyzer", ["standard", {"tokenizer": "ml_classic"}])
def test_a_given_analyzer_stays_as_it_is(analyzer: Any) -> None:
    config = _filled(categorization_analyzer=analyzer).analysis_config
    assert config.categorization_analyzer == analyzer


def test_a_job_without_categorization_gets_no_analyzer() -> None:
    job = fill_defaults(parse_job(config_body(), "job"), now_ms=1)
    assert job.analysis_config.categorization_analyzer is None


_REPLACE = "pattern_replace"


@pytest.mark.parametrize(
    ("analyzer", "reason"),
    [
        ("klingon", "analyzer [klingon] is not supported; use one of [standard, "),
        ({"tokenizer": "klingon"}, "tokenizer [klingon] is not supported; use one of [ml_standard"),
        ({"tokenizer": {"type": "ngram"}}, "tokenizer [ngram] is not supported; use one of ["),
        ({"tokenizer": "letter", "filter": ["stemmer"]}, "filter [stemmer] is not supported; "),
        ({"tokenizer": "letter", "filter": [1]}, "filter [1] is not supported; use one of ["),
        ({"tokenizer": "letter", "char_filter": "html_strip"}, "char_filter [html_strip] is not "),
        ({"tokenizer": "letter", "charfilter": []}, "member [charfilter] is not supported; "),
        ({"char_filter": []}, "must contain a [tokenizer]"),
        ({"tokenizer": "letter", "char_filter": [_REPLACE]}, "[pattern_replace] requires a "),
        (
            {"tokenizer": {"type": "pattern", "pattern": "("}},
            "contains invalid or unsupported regular expression '('",
        ),
        (
            {"tokenizer": {"type": "pattern", "pattern": "a", "group": 1}},
            "[pattern] has an invalid [group]: [1]",
        ),
        (
            {"tokenizer": "letter", "filter": [{"type": "limit", "max_token_count": "many"}]},
            "[limit] has an invalid [max_token_count]: [many]",
        ),
        (
            {"tokenizer": {"type": "pattern", "group": -2}},
            "[pattern] has an invalid [group]: [-2]",
        ),
        (
            {"tokenizer": "letter", "filter": [{"type": "limit", "max_token_count": 0}]},
            "[limit] has an invalid [max_token_count]: [0]",
        ),
        (
            {"tokenizer": "letter", "filter": [{"type": "stop", "stopwords": [{}]}]},
            "[stop] has an invalid [stopwords]: [[{}]]",
        ),
        (
            {
                "tokenizer": "letter",
                "char_filter": [{"type": _REPLACE, "pattern": "a", "replacement": "$1"}],
            },
            "regular expression '$1'",
        ),
    ],
)
def test_unknown_or_malformed_parts_are_refused_at_creation(analyzer: Any, reason: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        _filled(categorization_analyzer=analyzer)
    assert caught.value.reason.startswith("categorization_analyzer")
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("_english_", True),
        (["_english_", "x"], True),
        ("_none_", False),
        (["x"], False),
    ],
)
def test_stop_words_may_be_a_named_list(words: Any, expected: bool) -> None:
    stop = {"type": "stop", "stopwords": words}
    (parsed,) = parse_analyzer({"tokenizer": "letter", "filter": [stop]}).filters
    assert ("the" in parsed.words) == expected


def test_the_default_analyzer_is_json() -> None:
    assert json.loads(json.dumps(default_analyzer(["a"]))) == default_analyzer(["a"])
