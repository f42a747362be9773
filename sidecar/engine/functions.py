"""Registry of detector functions: what is gathered, which side is odd, what empty means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Statistic(StrEnum):
    """What is gathered of a cell; also `function_description` of the results."""

    COUNT = "count"
    DISTINCT_COUNT = "distinct_count"
    MEAN = "mean"
    MEDIAN = "median"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    VARP = "varp"
    METRIC = "metric"
    INFO_CONTENT = "info_content"
    RARE = "rare"
    FREQ_RARE = "freq_rare"
    TIME = "time"
    LAT_LONG = "lat_long"


class Side(StrEnum):
    """Which deviations are anomalies; models learn from both sides in any case."""

    BOTH = "both"
    HIGH = "high"
    LOW = "low"


_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Function:
    """One detector function.

    Attributes
    ----------
    empty_is_zero : bool
        A known series without records in a bucket has the value 0 there; otherwise the bucket is
        skipped for that series.
    circle_s : int
        Length of the circle, the day or the week, on which the times of records are looked at; 0
        for functions that do not look at times.
    features : tuple of str
        `function_description` of each feature; `metric` watches three at once.
    """

    name: str
    statistic: Statistic
    side: Side = Side.BOTH
    empty_is_zero: bool = False
    circle_s: int = 0

    @property
    def features(self) -> tuple[str, ...]:
        """What each feature is called in results."""
        if self.statistic is Statistic.METRIC:
            return ("mean", "min", "max")
        return (str(self.statistic),)

    @property
    def needs_number(self) -> bool:
        """Whether the detector's field is read as a number."""
        return self.statistic not in _WITHOUT_NUMBER

    @property
    def is_count_like(self) -> bool:
        """Whether the value is a whole number of events or things (a rate)."""
        return self.statistic in (Statistic.COUNT, Statistic.DISTINCT_COUNT)

    @property
    def only_grows(self) -> bool:
        """Whether the value of a bucket that is not over is still to grow."""
        return self.is_count_like or self.empty_is_zero or self.statistic is Statistic.INFO_CONTENT


_WITHOUT_NUMBER = frozenset(
    {
        Statistic.COUNT,
        Statistic.DISTINCT_COUNT,
        Statistic.INFO_CONTENT,
        Statistic.LAT_LONG,
        Statistic.RARE,
        Statistic.FREQ_RARE,
        Statistic.TIME,
    }
)


def _family(name: str, statistic: Statistic, *, empty_is_zero: bool = False) -> list[Function]:
    return [
        Function(name, statistic, Side.BOTH, empty_is_zero),
        Function(f"high_{name}", statistic, Side.HIGH, empty_is_zero),
        Function(f"low_{name}", statistic, Side.LOW, empty_is_zero),
    ]


FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in [
        *_family("count", Statistic.COUNT, empty_is_zero=True),
        *_family("non_zero_count", Statistic.COUNT),
        *_family("distinct_count", Statistic.DISTINCT_COUNT, empty_is_zero=True),
        *_family("info_content", Statistic.INFO_CONTENT),
        *_family("mean", Statistic.MEAN),
        *_family("avg", Statistic.MEAN),
        *_family("median", Statistic.MEDIAN),
        *_family("sum", Statistic.SUM, empty_is_zero=True),
        *_family("non_null_sum", Statistic.SUM),
        *_family("varp", Statistic.VARP),
        Function("min", Statistic.MIN),
        Function("max", Statistic.MAX),
        Function("metric", Statistic.METRIC),
        Function("lat_long", Statistic.LAT_LONG),
        Function("rare", Statistic.RARE),
        Function("freq_rare", Statistic.FREQ_RARE),
        Function("time_of_day", Statistic.TIME, circle_s=_DAY_S),
        Function("time_of_week", Statistic.TIME, circle_s=7 * _DAY_S),
    ]
}
