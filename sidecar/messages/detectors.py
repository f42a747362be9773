"""Detectors and their rules."""

from __future__ import annotations

from collections.abc import Iterable


def unknown_function(function: str) -> str:
    """No such function."""
    return f"Unknown function '{function}'"


def analysis_field_must_be_set() -> str:
    """A detector without any field."""
    return (
        "Unless a count or temporal function is used one of field_name, by_field_name "
        "or over_field_name must be set"
    )


def function_requires(field: str, function: str) -> str:
    """A function that cannot do without `field`."""
    return f"{field} must be set when the '{function}' function is used"


def function_refuses(field: str, function: str) -> str:
    """A function that cannot use `field`."""
    return f"{field} cannot be used with function '{function}'"


def invalid_field_name_characters(name: str) -> str:
    """Quote, backslash or control character in a field name."""
    return (
        f"Invalid field name '{name}'. Field names including over, by and partition fields "
        'cannot contain any of these characters: ",\\'
    )


def invalid_field_name(name: str) -> str:
    """The control field's name."""
    return (
        f"Invalid field name '{name}'. Field names including over, by and partition fields "
        f"cannot be '{name}'"
    )


def fields_cannot_be_the_same(first: str, second: str, name: str) -> str:
    """Two of by, over and partition are one field."""
    return f"{first} and {second} cannot be the same: '{name}'"


def name_not_permitted(name: str, field: str) -> str:
    """`count`, `by` or `over` as by or over field."""
    return f"'{name}' is not a permitted value for {field}"


def rule_not_supported_by_function(function: str) -> str:
    """A rule condition on a value that the function does not have."""
    return f"Invalid detector rule: function {function} only supports conditions that apply to time"


def rule_requires_scope_or_condition() -> str:
    """A rule that would always hold."""
    return "Invalid detector rule: at least scope or a condition is required"


def rule_scope_has_no_fields(field: str) -> str:
    """A scope on a detector that is not split."""
    return (
        f"Invalid detector rule: scope field '{field}' is invalid; "
        "detector has no available fields for scoping"
    )


def rule_scope_invalid_field(field: str, available: Iterable[str]) -> str:
    """A scope on a field the detector does not split by."""
    return (
        f"Invalid detector rule: scope field '{field}' is invalid; "
        f"select from [{', '.join(available)}]"
    )


def rule_needs_time_shift() -> str:
    """A rule that shifts the time and does not say how far."""
    return (
        "Invalid detector rule: action force_time_shift requires "
        "[params.force_time_shift.time_shift_amount] in whole seconds"
    )


def unknown_filter(filter_id: str) -> str:
    """A filter that does not exist."""
    return f"No filter with id [{filter_id}] exists"


def detector_index_too_high(index: int, count: int) -> str:
    """An update of a detector that does not exist."""
    return f"Supplied detector_index [{index}] is >= the number of detectors [{count}]"


def not_supported_yet(what: str, instead: str) -> str:
    """A native feature that this version of the sidecar does not have."""
    return f"{what} is not supported by this version of ml-sidecar yet; {instead}"
