"""Settings and mappings of the indices, from the JSON files of `mappings/`."""

from __future__ import annotations

import copy
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from sidecar import codec


def load_mapping(name: str) -> dict[str, Any]:
    """Read `mappings/<name>.json` (`settings` and `mappings`); the answer is the caller's own."""
    return copy.deepcopy(_read(name))


def schema_version(mapping: dict[str, Any]) -> int:
    """Tell the schema version of a mapping (the inner `mappings` object); 0 when it has none."""
    meta = mapping.get("_meta")
    version = meta.get("schema_version") if isinstance(meta, dict) else None
    return version if isinstance(version, int) else 0


@cache
def _read(name: str) -> dict[str, Any]:
    body: dict[str, Any] = codec.loads((_folder() / f"{name}.json").read_bytes())
    return body


def _folder() -> Traversable:
    """Inside an installed package, or beside the package in a checkout."""
    packed = files("sidecar") / "_mappings"
    return packed if packed.is_dir() else Path(__file__).resolve().parents[2] / "mappings"
