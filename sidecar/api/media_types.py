"""Content-Type and Accept as Elasticsearch reads them."""

from __future__ import annotations

import re

from sidecar import messages
from sidecar.errors import BadRequestError, IllegalArgumentError, NotAcceptableError

JSON = "application/json"
VENDOR_JSON = "application/vnd.elasticsearch+json"
# Bodies of these types are JSON; newline-delimited JSON is read by the same parsers.
_READABLE = frozenset(
    {
        JSON,
        VENDOR_JSON,
        "application/x-ndjson",
        "application/vnd.elasticsearch+x-ndjson",
    }
)
# Types that Elasticsearch knows besides JSON and that are not served here.
_OTHER_XCONTENT = re.compile(r"application/(vnd\.elasticsearch\+)?(smile|cbor|yaml)")
# Versions of the REST API that clients may ask to be spoken to in.
COMPATIBLE_VERSIONS = ("7", "8", "9")
_PARAMETER = re.compile(r'\s*([\w-]+)\s*=\s*"?([^";]*)"?\s*')


def require_readable(content_type: str | None, *, stream: bool) -> None:
    """Raise NotAcceptableError unless a body of this type can be read.

    `stream` is for bodies that are read record by record: Elasticsearch words the refusal of its
    binary formats differently there.
    """
    if content_type is None or not content_type.strip():
        raise NotAcceptableError(messages.content_type_missing())
    name, parameters = _parse(content_type)
    if name in _READABLE:
        _require_version("Content-Type", content_type, parameters)
        return
    if stream and _OTHER_XCONTENT.fullmatch(name):
        raise NotAcceptableError(messages.content_type_not_streamable(content_type))
    raise NotAcceptableError(messages.content_type_not_supported(content_type))


def answer_type(accept: str | None, answer_format: str | None) -> str:
    """Content-Type of the answer.

    Plain JSON unless the vendor's type was asked for, which is then answered with the version
    asked for; a list of types (browsers) is answered with JSON.
    """
    if answer_format is not None and answer_format != "json":
        raise IllegalArgumentError(messages.format_not_supported(answer_format))
    for candidate in (accept or "").split(","):
        name, parameters = _parse(candidate)
        if name == VENDOR_JSON:
            version = _require_version("Accept", candidate.strip(), parameters)
            return f"{VENDOR_JSON};compatible-with={version}" if version else VENDOR_JSON
    return JSON


def _parse(value: str) -> tuple[str, dict[str, str]]:
    name, *rest = value.split(";")
    found = (_PARAMETER.fullmatch(part) for part in rest)
    return name.strip().lower(), {m[1].lower(): m[2] for m in found if m}


def _require_version(header: str, value: str, parameters: dict[str, str]) -> str | None:
    version = parameters.get("compatible-with")
    if version is not None and version not in COMPATIBLE_VERSIONS:
        raise BadRequestError(messages.version_not_supported(header, value, version))
    return version
