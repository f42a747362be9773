"""Engine results as documents."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.results import (
    BucketInfluencerTable,
    BucketResults,
    CauseTable,
    InfluencerTable,
    ModelPlotTable,
    RecordTable,
)
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.document_ids import bucket_id, record_id
from sidecar.schema.units import TimeValue
from sidecar.worker.result_documents import result_documents

CONFIG = AnalysisConfig(
    bucket_span=TimeValue(60_000, "1m"),
    detectors=(
        Detector(
            function="high_mean",
            field_name="v",
            by_field_name="key",
            partition_field_name="timestamp",
        ),
        Detector(function="metric", field_name="v", detector_index=1),
    ),
    influencers=("host", "probability"),
)
DICTIONARIES = {
    name: FieldDictionary(["a", "b"]) for name in ("host", "probability", "key", "timestamp")
}


def _names(detector: int, series: Any) -> tuple[list[str | None], ...]:
    if detector:
        return ([None] * len(series),) * 3
    return (["p"] * len(series), [f"k{s}" for s in series.tolist()], [None] * len(series))


def _column(kind: Any, *values: float) -> Any:
    return np.array(values, dtype=kind)


def _results(**changes: Any) -> BucketResults:
    f, i, c, b = np.float64, np.int64, np.int32, np.bool_
    members: dict[str, Any] = {
        "time": _column(i, 600, 660),
        "event_count": _column(i, 5, 0),
        "probability": _column(f, 0.001, 1.0),
        "raw_score": _column(f, 6.9, 0.0),
        "bucket_time_score": _column(f, 80.0, 0.0),
        "score": _column(f, 90.0, 0.0),
        "records": RecordTable(
            bucket=_column(i, 0, 0),
            detector=_column(c, 0, 1),
            series=_column(c, 7, 0),
            probability=_column(f, 0.001, 0.01),
            score=_column(f, 90.0, 10.0),
            actual=_column(f, 10.0, 1.0),
            typical=_column(f, 2.0, 3.0),
            lower=_column(f, 1.0, 2.0),
            upper=_column(f, 3.0, 4.0),
            multi_bucket_impact=_column(f, -5.0, 2.0),
            feature=_column(c, 0, 2),
            single_bucket_impact=_column(i, 40, -1),
            multi_bucket_explained=_column(i, -1, 12),
            anomaly_length=_column(i, 1, 3),
            high_variance_penalty=_column(b, True, False),
            incomplete_bucket_penalty=_column(b, False, False),
            actual_longitude=_column(f, np.nan, np.nan),
            typical_longitude=_column(f, np.nan, np.nan),
            first_occurrence=_column(b, False, False),
            relative_rarity=_column(f, np.nan, np.nan),
            correlated=_column(c, -1, -1),
            characteristics_impact=_column(i, 4, -1),
            multimodal=_column(b, True, False),
            causes=CauseTable(
                record=_column(i),
                series=_column(c),
                probability=_column(f),
                actual=_column(f),
                typical=_column(f),
                actual_longitude=_column(f),
                typical_longitude=_column(f),
            ),
            influencers=[(0, "host", (1,)), (0, "probability", (0,))],
        ),
        "influencers": InfluencerTable(
            bucket=_column(i, 0, 0),
            field=_column(c, 0, 1),
            code=_column(c, 1, 0),
            probability=_column(f, 0.002, 0.02),
            raw_score=_column(f, 6.0, 3.0),
            score=_column(f, 70.0, 20.0),
        ),
        "bucket_influencers": BucketInfluencerTable(
            bucket=_column(i, 0),
            field=_column(c, 0),
            probability=_column(f, 0.002),
            raw_score=_column(f, 6.0),
            score=_column(f, 90.0),
        ),
        "model_plot": None,
    }
    return BucketResults(**{**members, **changes})


def _documents(results: BucketResults) -> dict[str, dict[str, Any]]:
    lazy = result_documents("web", CONFIG, results, _names, DICTIONARIES, processing_time_ms=7.0)
    made = list(lazy)
    assert len(made) == len(lazy)
    assert len({name for name, _ in made}) == len(made)
    return dict(made)


def test_a_record_says_what_was_seen_where_and_why() -> None:
    record = _documents(_results())[record_id("web", 600_000, 60, 0, "k7", None, "p")]
    assert record["function"] == "high_mean"
    assert record["function_description"] == "mean"
    assert (record["actual"], record["typical"]) == ([10.0], [2.0])
    assert (record["by_field_name"], record["by_field_value"]) == ("key", "k7")
    assert (record["partition_field_name"], record["partition_field_value"]) == ("timestamp", "p")
    assert record["anomaly_score_explanation"] == {
        "anomaly_type": "spike",
        "anomaly_length": 1,
        "single_bucket_impact": 40,
        "anomaly_characteristics_impact": 4,
        "lower_confidence_bound": 1.0,
        "typical_value": 2.0,
        "upper_confidence_bound": 3.0,
        "high_variance_penalty": True,
        "multimodal_distribution": True,
    }


def test_term_values_stand_under_their_field_names_unless_these_are_reserved() -> None:
    record = _documents(_results())[record_id("web", 600_000, 60, 0, "k7", None, "p")]
    assert record["key"] == ["k7"]
    assert record["host"] == ["b"]
    assert record["timestamp"] == 600_000
    assert record["probability"] == 0.001


def test_metric_says_which_of_its_features_is_odd() -> None:
    record = _documents(_results())[record_id("web", 600_000, 60, 1, None, None, None)]
    assert (record["function"], record["function_description"]) == ("metric", "max")
    assert record["anomaly_score_explanation"]["anomaly_type"] == "dip"


def test_a_record_of_a_place_has_coordinates_and_points_for_maps() -> None:
    config = dataclasses.replace(
        CONFIG,
        detectors=(CONFIG.detectors[0], Detector("lat_long", field_name="at", detector_index=1)),
    )
    results = _results()
    results.records.actual[1], results.records.actual_longitude[1] = -33.9, 151.2
    results.records.typical[1], results.records.typical_longitude[1] = 52.5, 1e-7
    results.records.lower[1] = results.records.upper[1] = np.nan
    results.records.feature[1] = 0
    made = dict(
        result_documents("web", config, results, _names, DICTIONARIES, processing_time_ms=7.0)
    )
    record = made[record_id("web", 600_000, 60, 1, None, None, None)]
    assert (record["function"], record["function_description"]) == ("lat_long", "lat_long")
    assert (record["actual"], record["typical"]) == ([-33.9, 151.2], [52.5, 1e-7])
    assert record["geo_results"] == {
        "actual_point": "-33.9,151.2",
        "typical_point": "52.5,0.0000001",
    }
    assert record["anomaly_score_explanation"] == {
        "anomaly_length": 3,
        "multi_bucket_impact": 12,
    }


def test_a_rare_value_is_explained_by_its_rarity_and_has_no_bounds() -> None:
    records = _results().records
    records.lower[:], records.upper[:] = np.nan, np.nan
    records.first_occurrence[:], records.relative_rarity[:] = True, 120.5
    record = _documents(_results(records=records))[
        record_id("web", 600_000, 60, 0, "k7", None, "p")
    ]
    explanation = record["anomaly_score_explanation"]
    assert explanation["by_field_first_occurrence"] is True
    assert explanation["by_field_relative_rarity"] == 120.5
    assert explanation["typical_value"] == 2.0
    assert not {"lower_confidence_bound", "upper_confidence_bound"} & explanation.keys()


def test_every_bucket_has_a_document_with_its_bucket_influencers() -> None:
    made = _documents(_results())
    bucket = made[bucket_id("web", 600_000, 60)]
    assert (bucket["anomaly_score"], bucket["initial_anomaly_score"]) == (90.0, 90.0)
    names = [m["influencer_field_name"] for m in bucket["bucket_influencers"]]
    assert names == ["host", "bucket_time"]
    assert bucket["processing_time_ms"] == 3
    empty = made[bucket_id("web", 660_000, 60)]
    assert (empty["event_count"], empty["anomaly_score"]) == (0, 0.0)


def test_an_influencer_carries_its_value_under_its_field_unless_reserved() -> None:
    made = [d for d in _documents(_results()).values() if d["result_type"] == "influencer"]
    by_field = {d["influencer_field_name"]: d for d in made}
    assert by_field["host"]["host"] == "b"
    assert by_field["probability"]["probability"] == 0.02


def test_model_plot_omits_the_actual_value_where_nothing_was_seen() -> None:
    plot = ModelPlotTable(
        bucket=_column(np.int64, 0, 1, 0, 0),
        detector=_column(np.int32, 0, 0, 1, 1),
        series=_column(np.int32, 1, 1, 0, 0),
        feature=_column(np.int32, 0, 0, 0, 1),
        lower=_column(np.float64, 1, 1, 1, 1),
        median=_column(np.float64, 2, 2, 2, 2),
        upper=_column(np.float64, 3, 3, 3, 3),
        actual=_column(np.float64, 2.5, np.nan, 1.0, 1.0),
    )
    made = [
        d
        for d in _documents(_results(model_plot=plot)).values()
        if d["result_type"] == "model_plot"
    ]
    assert len(made) == 4
    assert [d.get("actual") for d in made] == [2.5, None, 1.0, 1.0]
    assert made[0]["by_field_value"] == "k1"
