"""Reading JSON bodies the way Elasticsearch does: with positions, strictly or leniently."""

from __future__ import annotations

from sidecar.xcontent.cursor import Cursor
from sidecar.xcontent.object_parser import Field, ObjectParser
from sidecar.xcontent.tokens import Token
from sidecar.xcontent.value_types import (
    ANYTHING,
    BOOLEAN,
    DOUBLE,
    INT,
    LONG,
    MAP,
    STRING,
    STRING_ARRAY,
    STRING_OR_NULL,
    TEXT,
    TIME,
    ValueType,
    array_of,
    object_of,
    parse_boolean,
    parse_double,
)

__all__ = [
    "ANYTHING",
    "BOOLEAN",
    "DOUBLE",
    "INT",
    "LONG",
    "MAP",
    "STRING",
    "STRING_ARRAY",
    "STRING_OR_NULL",
    "TEXT",
    "TIME",
    "Cursor",
    "Field",
    "ObjectParser",
    "Token",
    "ValueType",
    "array_of",
    "object_of",
    "parse_boolean",
    "parse_double",
]
