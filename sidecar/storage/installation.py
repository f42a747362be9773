"""Templates, the fixed indices and their mappings."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, NotFoundError

from sidecar import messages
from sidecar.errors import BadRequestError, UpstreamError
from sidecar.storage.client import Connection, error_type, translated_errors
from sidecar.storage.mappings import load_mapping, schema_version
from sidecar.storage.names import (
    ANNOTATIONS,
    ANNOTATIONS_PATTERN,
    ANNOTATIONS_READ,
    ANNOTATIONS_WRITE,
    NOTIFICATIONS,
    NOTIFICATIONS_PATTERN,
    NOTIFICATIONS_WRITE,
    RESULTS_PATTERN,
    RESULTS_PREFIX,
    Names,
)

logger = logging.getLogger(__name__)

# Highest there is: no template of a user may change these indices.
_PRIORITY = 2_147_483_647
_HIDDEN_TOO = ["open", "hidden"]


@dataclass(frozen=True, slots=True)
class _Template:
    name: str
    pattern: str
    mapping: str


@dataclass(frozen=True, slots=True)
class _FixedIndex:
    """An index that is always there; the write alias, if any, may have moved to a newer one."""

    name: str
    pattern: str
    mapping: str
    write_alias: str | None = None
    read_alias: str | None = None


class Installation:
    """Puts into the cluster what the sidecar expects there; several processes may do so at once."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._connection = connection
        self._templates = (
            _Template(RESULTS_PREFIX, RESULTS_PATTERN, "results"),
            _Template(names.state_pattern.removesuffix("*"), names.state_pattern, "state"),
            _Template(NOTIFICATIONS, NOTIFICATIONS_PATTERN, "notifications"),
            _Template(names.sidecar, names.sidecar, "sidecar"),
        )
        self._indices = (
            _FixedIndex(names.config, names.config, "config"),
            _FixedIndex(names.meta, names.meta, "meta"),
            _FixedIndex(names.sidecar, names.sidecar, "sidecar"),
            _FixedIndex(names.state, names.state_pattern, "state", names.state_write),
            _FixedIndex(NOTIFICATIONS, NOTIFICATIONS_PATTERN, "notifications", NOTIFICATIONS_WRITE),
            _FixedIndex(
                ANNOTATIONS,
                ANNOTATIONS_PATTERN,
                "annotations",
                ANNOTATIONS_WRITE,
                ANNOTATIONS_READ,
            ),
        )

    def install(self) -> None:
        """Create what is missing, upgrade what has an older schema version."""
        with translated_errors():
            for template in self._templates:
                self._put_template(template)
            for index in self._indices:
                if index.write_alias is None:
                    self._create(index)
                else:
                    self._create_behind_alias(index, index.write_alias)
        self._upgrade_mappings()

    def is_complete(self) -> bool:
        """Whether the fixed indices are there, in one cheap call."""
        wanted = [index.write_alias or index.name for index in self._indices]
        with translated_errors():
            return bool(self._connection.client.indices.exists(index=wanted))

    def _put_template(self, template: _Template) -> None:
        client = self._connection.client
        body = load_mapping(template.mapping)
        version = schema_version(body["mappings"])
        try:
            found = client.indices.get_index_template(name=template.name)["index_templates"]
        except NotFoundError:
            found = []
        meta = found[0]["index_template"].get("_meta", {}) if found else {}
        if schema_version({"_meta": meta}) >= version:
            return
        client.indices.put_index_template(
            name=template.name,
            index_patterns=[template.pattern],
            template=body,
            priority=_PRIORITY,
            version=version,
            meta={"managed": True, "schema_version": version},
        )

    def _create(self, index: _FixedIndex) -> None:
        client = self._connection.client
        if client.indices.exists(index=index.name):
            return
        body = load_mapping(index.mapping)
        aliases = {
            name: {"is_hidden": True} for name in (index.read_alias, index.write_alias) if name
        }
        try:
            client.indices.create(
                index=index.name,
                settings=body["settings"],
                mappings=body["mappings"],
                aliases=aliases,
            )
        except ApiError as error:
            if error_type(error) != "resource_already_exists_exception":
                raise

    def _create_behind_alias(self, index: _FixedIndex, alias: str) -> None:
        indices = self._connection.client.indices
        try:
            behind = indices.get_alias(index=alias)
        except NotFoundError:
            self._create(index)
            if not indices.exists_alias(name=alias):
                # The index was there without its alias: restored, or the alias was removed.
                self._add_alias(index.name, alias)
        else:
            if alias in behind:
                raise BadRequestError(messages.alias_is_an_index(alias))
        self._add_read_alias(index)

    def _add_read_alias(self, index: _FixedIndex) -> None:
        """Make all generations readable through the read alias."""
        if index.read_alias is None:
            return
        client = self._connection.client
        known = client.indices.get_alias(index=index.pattern, expand_wildcards=_HIDDEN_TOO)
        missing = [
            name for name, found in known.items() if index.read_alias not in found["aliases"]
        ]
        for name in missing:
            self._add_alias(name, index.read_alias)

    def _add_alias(self, index: str, alias: str) -> None:
        action = {"add": {"index": index, "alias": alias, "is_hidden": True}}
        self._connection.client.indices.update_aliases(actions=[action])

    def _upgrade_mappings(self) -> None:
        wanted = [(index.pattern, index.mapping) for index in self._indices]
        wanted.append((RESULTS_PATTERN, "results"))
        for pattern, mapping_name in wanted:
            newest = load_mapping(mapping_name)["mappings"]
            if "properties" not in newest:
                continue  # an index whose content is not mapped has nothing to upgrade
            for name in self._outdated(pattern, schema_version(newest)):
                self._put_mapping(name, newest)

    def _outdated(self, pattern: str, version: int) -> Iterator[str]:
        with translated_errors():
            found = self._connection.client.indices.get_mapping(
                index=pattern,
                expand_wildcards=_HIDDEN_TOO,
                ignore_unavailable=True,
                filter_path="*.mappings._meta",
            )
        for name, body in found.items():
            if schema_version(body.get("mappings", {})) < version:
                yield name

    def _put_mapping(self, name: str, mapping: Mapping[str, Any]) -> None:
        """Upgrade one index; one that refuses goes on with what it has."""
        options = {key: mapping[key] for key in ("dynamic_templates",) if key in mapping}
        try:
            with translated_errors():
                self._connection.client.indices.put_mapping(
                    index=name, properties=mapping["properties"], meta=mapping["_meta"], **options
                )
        except UpstreamError as error:
            logger.warning("mapping of [%s] cannot be upgraded: %s", name, error.reason)
