"""Mapping the fields that split a job's data, so that results can be found by their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import ApiError

from sidecar import messages
from sidecar.errors import BadRequestError
from sidecar.schema.result_fields import RESERVED_RESULT_FIELDS
from sidecar.storage.client import Connection, error_reason, translated_errors

_LIMIT_SETTING = "index.mapping.total_fields.limit"
_DEFAULT_LIMIT = 1_000
_BAD_REQUEST = 400
_LIMIT_EXCEEDED = re.compile(r"Limit of (?:total|mapping) fields? \[\d+\]")


def map_term_fields(connection: Connection, index: str, fields: Sequence[str]) -> None:
    """Map fields as keyword in a results index; reserved names keep their own mapping.

    Raises
    ------
    BadRequestError
        A field is mapped as something else, or there would be too many fields.
    """
    wanted = [name for name in fields if name not in RESERVED_RESULT_FIELDS]
    if not wanted:
        return
    with translated_errors():
        found = connection.client.indices.get_mapping(index=index)
    properties: Mapping[str, Any] = found[index]["mappings"].get("properties", {})
    missing = []
    for name in wanted:
        clash = _clash(properties, name)
        if clash is not None:
            raise BadRequestError(messages.mapping_clash(clash))
        if _find(properties, name) is None:
            missing.append(name)
    if not missing:
        return
    _check_limit(connection, index, sum(1 for _ in _walk(properties)) + len(missing))
    _put(connection, index, missing)


def _put(connection: Connection, index: str, names: Sequence[str]) -> None:
    properties = {name: {"type": "keyword"} for name in names}
    with translated_errors():
        try:
            connection.client.indices.put_mapping(index=index, properties=properties)
        except ApiError as error:
            if error.status_code != _BAD_REQUEST:
                raise
            # Another job mapped its fields meanwhile, or two fields of this job exclude another.
            raise _refusal(index, names, error_reason(error)) from error


def _refusal(index: str, names: Sequence[str], reason: str) -> BadRequestError:
    if _LIMIT_EXCEEDED.search(reason):
        return BadRequestError(messages.too_many_fields(index))
    named = re.search(r"\[([^\]]+)\]", reason)
    return BadRequestError(messages.mapping_clash(named.group(1) if named else names[0]))


def _clash(properties: Mapping[str, Any], name: str) -> str | None:
    """Name the existing field that cannot live beside a keyword `name`; None when all is well."""
    path = ""
    for segment in name.split("."):
        path = f"{path}.{segment}" if path else segment
        field = _find(properties, path)
        if field is None:
            return None
        is_object = field.get("type", "object") in ("object", "nested")
        if is_object == (path == name):
            return path
    field = _find(properties, name)
    return None if field is None or field["type"] == "keyword" else name


def _find(properties: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Follow a dotted name through a mapping."""
    level: Mapping[str, Any] = properties
    field: Mapping[str, Any] | None = None
    for segment in name.split("."):
        field = level.get(segment)
        if field is None:
            return None
        level = field.get("properties", {})
    return field


def _walk(properties: Mapping[str, Any]) -> Iterator[str]:
    """Give every field that counts against the limit: objects, leaves and sub-fields."""
    for name, field in properties.items():
        yield name
        yield from _walk(field.get("properties", {}))
        yield from _walk(field.get("fields", {}))


def _check_limit(connection: Connection, index: str, count: int) -> None:
    with translated_errors():
        found = connection.client.indices.get_settings(
            index=index, name=_LIMIT_SETTING, flat_settings=True
        )
    # An index that has the default is absent from the answer.
    settings = found.get(index, {}).get("settings", {})
    if count > int(settings.get(_LIMIT_SETTING, _DEFAULT_LIMIT)):
        raise BadRequestError(messages.too_many_fields(index))
