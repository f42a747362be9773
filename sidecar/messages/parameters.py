"""Values in bodies and parameters."""

from __future__ import annotations


def body_required() -> str:
    """A request without the body it needs."""
    return "request body is required"


def unit_missing(setting: str, value: str) -> str:
    """A duration without unit."""
    return (
        f"failed to parse setting [{setting}] with value [{value}] as a time value: "
        "unit is missing or unrecognized"
    )


def negative_duration(setting: str, value: str) -> str:
    """A negative duration other than -1."""
    return (
        f"failed to parse setting [{setting}] with value [{value}] as a time value: "
        "negative durations are not supported"
    )


def fractional_duration(value: str) -> str:
    """`1.5h`."""
    return f"failed to parse [{value}], fractional time values are not supported"


def unparseable_duration(value: str) -> str:
    """No number in front of the unit."""
    return f"failed to parse [{value}]"


def size_unit_missing(setting: str, value: str) -> str:
    """A byte size without unit."""
    return (
        f"failed to parse setting [{setting}] with value [{value}] as a size in bytes: "
        "unit is missing or unrecognized"
    )


def unparseable_size(setting: str, value: str) -> str:
    """No number in front of the unit, or a negative one."""
    return f"failed to parse setting [{setting}] with value [{value}]"


def size_out_of_range(setting: str, value: str) -> str:
    """More bytes than a long holds."""
    return f"failed to parse setting [{setting}] with value beyond {2**63 - 1}: [{value}]"


def too_many_decimals(setting: str, value: str) -> str:
    """`1.234gb`."""
    return f"failed to parse setting [{setting}] with more than two decimals in value [{value}]"


def invalid_date_parameter(parameter: str, value: str) -> str:
    """A time that is neither a date nor a number."""
    return (
        f"Query param [{parameter}] with value [{value}] cannot be parsed as a date or "
        "converted to a number (epoch)."
    )


def start_after_end(end: str, start: str) -> str:
    """A time range that ends before it starts."""
    return f"Invalid time range: end time '{end}' is earlier than start time '{start}'."


def invalid_boolean(value: str) -> str:
    """Neither true nor false."""
    return f"Failed to parse value [{value}] as only [true] or [false] are allowed."


def invalid_number(value: str) -> str:
    """Not a number."""
    return f'For input string: "{value}"' if value.strip() else "empty String"


def number_out_of_range(value: str, kind: str) -> str:
    """A whole number that does not fit."""
    low, high = (-(2**63), 2**63 - 1) if kind == "long" else (-(2**31), 2**31 - 1)
    return f"Numeric value ({value}) out of range of {kind} ({low} - {high})"


def text_out_of_range(value: str, kind: str) -> str:
    """The same in a string."""
    article = "an integer" if kind == "int" else "a long"
    return f"Value [{value}] is out of range for {article}"


def invalid_int_parameter(parameter: str, value: str) -> str:
    """A query parameter that is no whole number."""
    return f"Failed to parse int parameter [{parameter}] with value [{value}]"


def negative_page(parameter: str) -> str:
    """`from` or `size` below zero."""
    return f"Parameter [{parameter}] cannot be < 0"


def timestamp_is_incompatible() -> str:
    """A single bucket is asked for together with paging."""
    return "Param [timestamp] is incompatible with [from,size,start,end,anomaly_score]"


def incompatible_with_timestamp(parameter: str) -> str:
    """A parameter that has no meaning for a single bucket."""
    return f"Param [{parameter}] is incompatible with [timestamp]."


def flush_unexpected(parameter: str) -> str:
    """A flush parameter that needs calc_interim."""
    return f"Invalid flush parameters: unexpected '{parameter}'."


def flush_missing(parameter: str) -> str:
    """A flush parameter that another one needs."""
    return f"Invalid flush parameters: '{parameter}' has not been specified."


def advance_before_skip(advance: str, skip: str) -> str:
    """advance_time is not behind skip_time."""
    return f"advance_time [{advance}] must be later than skip_time [{skip}]"
