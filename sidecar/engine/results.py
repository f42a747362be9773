"""Results of buckets as columns: what the engine hands to the worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, IntArray


@dataclass(slots=True)
class CauseTable:
    """Cells behind population records; c rows sorted by record, most surprising first.

    Attributes
    ----------
    record : (c,) int64
        Row of `RecordTable`.
    series : (c,) int32
        Series within the record's detector.
    probability, actual, typical : (c,) float64
    actual_longitude, typical_longitude : (c,) float64
        As in `RecordTable`.
    """

    record: IntArray
    series: CodeArray
    probability: FloatArray
    actual: FloatArray
    typical: FloatArray
    actual_longitude: FloatArray
    typical_longitude: FloatArray


@dataclass(slots=True)
class RecordTable:
    """Anomalous cells only; r rows, sorted by bucket, then most anomalous first.

    Attributes
    ----------
    bucket : (r,) int64
        Row of `BucketResults`.
    detector, series : (r,) int32
        Detector index; series id within it (see SeriesKeys for the names).
    probability : (r,) float64
        In (0, 1].
    score : (r,) float64
        0..100, both record_score and initial_record_score when first written.
    actual, typical, lower, upper : (r,) float64
        Value seen, value expected, 95 % confidence bounds (NaN for functions that have none).
    multi_bucket_impact : (r,) float64
        -5..5.
    feature : (r,) int32
        Which feature of the function (only `metric` has more than one: mean, min, max).
    single_bucket_impact, multi_bucket_explained, anomaly_length : (r,) int64
        Members of anomaly_score_explanation; -1 where unknown.
    high_variance_penalty, incomplete_bucket_penalty : (r,) bool
        Members of anomaly_score_explanation.
    actual_longitude, typical_longitude : (r,) float64
        Second coordinates of `lat_long`, NaN for other functions.
    first_occurrence : (r,) bool
        The by value was never seen before.
    relative_rarity : (r,) float64
        Of a rare by value: how much rarer it is than the others; NaN for other functions.
    characteristics_impact : (r,) int64
        Member of anomaly_score_explanation: how unlike its past the series has become; -1 where
        that is not judged.
    multimodal : (r,) bool
        The series' residuals gather around several values.
    correlated : (r,) int32
        Series from which the value was expected elsewhere, -1 if there is none.
    causes : CauseTable
        Of population records: the cells behind them.
    influencers : list of (row, field name, tuple of codes)
        Influencer values that carry the record, for every influencer field of the job.
    """

    bucket: IntArray
    detector: CodeArray
    series: CodeArray
    probability: FloatArray
    score: FloatArray
    actual: FloatArray
    typical: FloatArray
    lower: FloatArray
    upper: FloatArray
    multi_bucket_impact: FloatArray
    feature: CodeArray
    single_bucket_impact: IntArray
    multi_bucket_explained: IntArray
    anomaly_length: IntArray
    high_variance_penalty: BoolArray
    incomplete_bucket_penalty: BoolArray
    actual_longitude: FloatArray
    typical_longitude: FloatArray
    first_occurrence: BoolArray
    relative_rarity: FloatArray
    correlated: CodeArray
    characteristics_impact: IntArray
    multimodal: BoolArray
    causes: CauseTable
    influencers: list[tuple[int, str, tuple[int, ...]]]


@dataclass(slots=True)
class InfluencerTable:
    """Influencer values that took part in anomalies; r rows sorted by bucket.

    `field` is the place of the influencer field in the job's `influencers`; `code` is a code of
    that field's dictionary; `probability` in (0, 1]; `raw_score` >= 0; `score` 0..100.
    """

    bucket: IntArray
    field: CodeArray
    code: CodeArray
    probability: FloatArray
    raw_score: FloatArray
    score: FloatArray


@dataclass(slots=True)
class BucketInfluencerTable:
    """Per bucket and influencer field with an anomaly: the aggregate of that field's values.

    `field` as in InfluencerTable. The `bucket_time` influencer is in BucketResults itself.
    """

    bucket: IntArray
    field: CodeArray
    probability: FloatArray
    raw_score: FloatArray
    score: FloatArray


@dataclass(slots=True)
class ModelPlotTable:
    """Bounds of every modelled series in every bucket; r rows sorted by bucket.

    `actual` is NaN where nothing was observed.
    """

    bucket: IntArray
    detector: CodeArray
    series: CodeArray
    feature: CodeArray
    lower: FloatArray
    median: FloatArray
    upper: FloatArray
    actual: FloatArray


class ResultKind(IntEnum):
    """What a score belongs to; the first two together make up a bucket's document."""

    BUCKET_TIME = 0
    BUCKET_INFLUENCER = 1
    INFLUENCER = 2
    RECORD = 3


@dataclass(slots=True)
class RescoredTable:
    """Earlier results whose scores have changed; r rows sorted by bucket and kind.

    Buckets are whole: with one bucket influencer come all of its bucket and `bucket_time`. A
    result may be there more than once; the last row counts.

    Attributes
    ----------
    time : (r,) int64
        Start of the bucket, epoch seconds.
    kind : (r,) int32
        A `ResultKind`.
    place : (r,) int32
        Detector of a record, else place of the influencer field; 0 for `bucket_time`.
    code : (r,) int32
        Series of a record, value of an influencer, else -1.
    score, initial_score : (r,) float64
        Now, and when first written.
    raw_score, probability : (r,) float64
        Of bucket influencers, `bucket_time` among them, as first written.
    """

    time: IntArray
    kind: CodeArray
    place: CodeArray
    code: CodeArray
    score: FloatArray
    initial_score: FloatArray
    raw_score: FloatArray
    probability: FloatArray


@dataclass(slots=True)
class BucketResults:
    """Results of k consecutive buckets, empty ones included.

    Attributes
    ----------
    time : (k,) int64
        Start of the bucket, epoch seconds.
    event_count : (k,) int64
    probability, raw_score : (k,) float64
        Of the bucket as a whole (its `bucket_time` influencer); probability in (0, 1].
    bucket_time_score : (k,) float64
        0..100, the bucket_time influencer's own score.
    score : (k,) float64
        0..100: the bucket's anomaly_score, the maximum over its bucket influencers.
    is_interim : bool
        Partial buckets: nothing was learned from them.
    scheduled_events : list of (row, description)
        Calendar events that cover a bucket.
    rescored : RescoredTable or None
        Earlier results, and some of these, to be changed once all these are written.
    """

    time: IntArray
    event_count: IntArray
    probability: FloatArray
    raw_score: FloatArray
    bucket_time_score: FloatArray
    score: FloatArray
    records: RecordTable
    influencers: InfluencerTable
    bucket_influencers: BucketInfluencerTable
    model_plot: ModelPlotTable | None
    is_interim: bool = False
    scheduled_events: list[tuple[int, str]] = field(default_factory=list)
    rescored: RescoredTable | None = None
