"""Parsers, checks and rendering of detectors and their custom rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sidecar import messages
from sidecar.errors import BadRequestError, IllegalArgumentError
from sidecar.schema import detector_functions as functions
from sidecar.schema.detection_rule import DetectionRule, FilterRef, RuleCondition
from sidecar.schema.detector import Detector
from sidecar.xcontent import (
    BOOLEAN,
    DOUBLE,
    INT,
    MAP,
    STRING,
    STRING_ARRAY,
    Cursor,
    Field,
    ObjectParser,
    Token,
    ValueType,
    array_of,
)

EXCLUDE_FREQUENT = ("all", "none", "by", "over")
_ACTIONS = ("skip_result", "skip_model_update", "force_time_shift")
_APPLIES_TO = ("actual", "typical", "diff_from_typical", "time")
_OPERATORS = ("gt", "gte", "lt", "lte")
# A field of this name marks control records in the native input format.
_CONTROL_FIELD = "."
# Names that by and over fields must not have.
_RESERVED_NAMES = ("count", "by", "over")


def _one_of(name: str, allowed: tuple[str, ...]) -> Callable[[str], str]:
    """Convert a case-insensitive choice."""

    def convert(text: str) -> str:
        if text.lower() not in allowed:
            raise IllegalArgumentError(
                f"Invalid value [{text}] for [{name}]; allowed are [{', '.join(allowed)}]"
            )
        return text.lower()

    return convert


# --- custom rules ---------------------------------------------------------------------------


def _actions(texts: list[str]) -> tuple[str, ...]:
    convert = _one_of("actions", _ACTIONS)
    chosen = {convert(text) for text in texts}
    return tuple(action for action in _ACTIONS if action in chosen)


def _scope(cursor: Cursor, strict: bool) -> dict[str, FilterRef]:
    scope = {}
    while cursor.advance() is not Token.END_OBJECT:
        name = cursor.value
        cursor.advance()
        scope[name] = _FILTER_REF.read(cursor, strict=strict)
    return scope


def _build_rule(values: dict[str, Any]) -> DetectionRule:
    scope, conditions = values.get("scope"), tuple(values.get("conditions", ()))
    if not scope and not conditions:
        raise BadRequestError(messages.rule_requires_scope_or_condition())
    rule = DetectionRule(
        actions=values.get("actions", ("skip_result",)),
        scope=scope or None,
        conditions=conditions,
        params=values.get("params"),
    )
    if "force_time_shift" in rule.actions and rule.time_shift_s() is None:
        raise BadRequestError(messages.rule_needs_time_shift())
    return rule


_FILTER_REF = ObjectParser(
    "filter_ref",
    [
        Field("filter_id", STRING, required=True),
        Field("filter_type", STRING, _one_of("filter_type", ("include", "exclude")), argument=True),
    ],
    lambda values: FilterRef(**values),
)
_CONDITION = ObjectParser(
    "rule_condition",
    [
        Field("applies_to", STRING, _one_of("applies_to", _APPLIES_TO), required=True),
        Field("operator", STRING, _one_of("operator", _OPERATORS), required=True),
        Field("value", DOUBLE, required=True),
    ],
    lambda values: RuleCondition(**values),
)
RULE_PARSER = ObjectParser(
    "detection_rule",
    [
        Field("actions", STRING_ARRAY, _actions),
        Field("scope", ValueType(frozenset((Token.START_OBJECT,)), _scope)),
        Field("conditions", array_of(_CONDITION)),
        Field("params", MAP),
    ],
    _build_rule,
)


def render_rule(rule: DetectionRule) -> dict[str, Any]:
    """The rule as it is answered and stored."""
    rendered: dict[str, Any] = {"actions": list(rule.actions)}
    if rule.scope:
        rendered["scope"] = {
            field: {"filter_id": ref.filter_id, "filter_type": ref.filter_type}
            for field, ref in rule.scope.items()
        }
    if rule.conditions:
        rendered["conditions"] = [
            {"applies_to": c.applies_to, "operator": c.operator, "value": c.value}
            for c in rule.conditions
        ]
    if rule.params:
        rendered["params"] = dict(rule.params)
    return rendered


# --- detectors ------------------------------------------------------------------------------


def check_field_name(name: str | None) -> None:
    """Raise BadRequestError for a name that no analysed field can have."""
    if name is None:
        return
    if any(c in '"\\' or c < " " or "\x7f" <= c <= "\x9f" for c in name):
        raise BadRequestError(messages.invalid_field_name_characters(name))
    if name == _CONTROL_FIELD:
        raise BadRequestError(messages.invalid_field_name(name))


def validate_detector(detector: Detector) -> None:
    """Check a detector by itself, in native order; raises BadRequestError."""
    _check_fields_fit_function(detector)
    for name in (detector.field_name, *_split(detector).values()):
        check_field_name(name)
    for rule in detector.custom_rules:
        _check_rule(rule, detector)
    _check_split_fields_differ(detector)
    for name in _RESERVED_NAMES:
        for field in ("by_field_name", "over_field_name"):
            if getattr(detector, field) == name:
                raise BadRequestError(messages.name_not_permitted(name, field))


def _check_fields_fit_function(detector: Detector) -> None:
    function = detector.function
    field, by, over = detector.field_name, detector.by_field_name, detector.over_field_name
    if not (field or by or over) and function not in functions.WITHOUT_FIELDS:
        raise BadRequestError(messages.analysis_field_must_be_set())
    if not field and function in functions.NEED_FIELD:
        raise BadRequestError(messages.function_requires("field_name", function))
    if field and function not in functions.NEED_FIELD:
        raise BadRequestError(messages.function_refuses("field_name", function))
    if not by and function in functions.NEED_BY:
        raise BadRequestError(messages.function_requires("by_field_name", function))
    if not over and function in functions.NEED_OVER:
        raise BadRequestError(messages.function_requires("over_field_name", function))
    if over and function in functions.REFUSE_OVER:
        raise BadRequestError(messages.function_refuses("over_field_name", function))


def _split(detector: Detector) -> dict[str, str | None]:
    return {
        "by_field_name": detector.by_field_name,
        "over_field_name": detector.over_field_name,
        "partition_field_name": detector.partition_field_name,
    }


def _check_rule(rule: DetectionRule, detector: Detector) -> None:
    on_values = any(condition.applies_to != "time" for condition in rule.conditions)
    if on_values and detector.function in functions.WITHOUT_VALUE_CONDITIONS:
        raise BadRequestError(messages.rule_not_supported_by_function(detector.function))
    available = sorted(name for name in _split(detector).values() if name is not None)
    for field in rule.scope or ():
        if field in available:
            continue
        if not available:
            raise BadRequestError(messages.rule_scope_has_no_fields(field))
        raise BadRequestError(messages.rule_scope_invalid_field(field, available))


def _check_split_fields_differ(detector: Detector) -> None:
    split = _split(detector)
    for first, second in (
        ("partition_field_name", "by_field_name"),
        ("partition_field_name", "over_field_name"),
        ("by_field_name", "over_field_name"),
    ):
        name = split[first]
        if name and name == split[second]:
            raise BadRequestError(messages.fields_cannot_be_the_same(first, second, name))


def describe(detector: Detector) -> str:
    """The description of a detector that was given none, such as `mean(bytes) by host`."""
    text = detector.function
    if detector.field_name:
        text += f"({_quoted(detector.field_name)})"
    if detector.by_field_name:
        text += f" by {_quoted(detector.by_field_name)}"
    if detector.over_field_name:
        text += f" over {_quoted(detector.over_field_name)}"
    if detector.use_null:
        text += " usenull=true"
    if detector.partition_field_name:
        text += f" partitionfield={_quoted(detector.partition_field_name)}"
    if detector.exclude_frequent:
        text += f" excludefrequent={detector.exclude_frequent}"
    return text


def _quoted(name: str) -> str:
    """A field name, in double quotes unless it is one ASCII word."""
    if re.fullmatch(r"[A-Za-z0-9_]+", name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _build_detector(values: dict[str, Any]) -> Detector:
    description = values.pop("detector_description", None)
    rules = tuple(values.pop("custom_rules", ()))
    values.pop("detector_index", None)
    detector = Detector(**values, custom_rules=rules)
    validate_detector(detector)
    if description is None:
        description = describe(detector)
    return Detector(**values, custom_rules=rules, detector_description=description)


DETECTOR_PARSER = ObjectParser(
    "detector",
    [
        Field("detector_description", STRING),
        Field("function", STRING, functions.full_name),
        Field("field_name", STRING),
        Field("by_field_name", STRING),
        Field("over_field_name", STRING),
        Field("partition_field_name", STRING),
        Field("use_null", BOOLEAN),
        Field("exclude_frequent", STRING, _one_of("exclude_frequent", EXCLUDE_FREQUENT)),
        Field("custom_rules", array_of(RULE_PARSER)),
        Field("detector_index", INT),
    ],
    _build_detector,
)


def parse_detector(body: bytes) -> Detector:
    """Parse the body of a detector validation; raises MlError as `parse_job` does."""
    return DETECTOR_PARSER.parse(body)


def render_detector(detector: Detector) -> dict[str, Any]:
    """The detector as it is answered and stored, members in native order."""
    rendered: dict[str, Any] = {
        "detector_description": detector.detector_description,
        "function": detector.function,
    }
    fields = {"field_name": detector.field_name, **_split(detector)}
    rendered.update({name: value for name, value in fields.items() if value is not None})
    if detector.use_null:
        rendered["use_null"] = True
    if detector.exclude_frequent is not None:
        rendered["exclude_frequent"] = detector.exclude_frequent
    if detector.custom_rules:
        rendered["custom_rules"] = [render_rule(rule) for rule in detector.custom_rules]
    rendered["detector_index"] = detector.detector_index
    return rendered
