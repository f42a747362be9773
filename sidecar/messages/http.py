"""Requests that are refused before they are understood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def no_handler(uri: str, method: str) -> str:
    """A path that is not served."""
    return f"no handler found for uri [{uri}] and method [{method}]"


def method_not_allowed(uri: str, method: str, allowed: Iterable[str]) -> str:
    """A path that is served with other verbs."""
    return (
        f"Incorrect HTTP method for uri [{uri}] and method [{method}], "
        f"allowed: [{', '.join(allowed)}]"
    )


def unrecognized_parameters(path: str, guesses: Mapping[str, str]) -> str:
    """Query parameters that nothing reads, each with a guess (` did you mean ..?`) or nothing."""
    parts = [f"[{name}]" + (f" ->{guess}" if guess else "") for name, guess in guesses.items()]
    plural = "s" if len(parts) > 1 else ""
    return f"request [{path}] contains unrecognized parameter{plural}: {', '.join(parts)}"


def body_not_supported(method: str, path: str) -> str:
    """A body where none is read."""
    return f"request [{method} {path}] does not support having a body"


def body_too_large(limit: int) -> str:
    """More bytes than allowed, counted after decompression."""
    return f"request body is larger than the limit of [{limit}] bytes"


def body_broke_off() -> str:
    """The connection ended in the middle of the body."""
    return "request body broke off before its end; nothing of it was kept"


def body_not_decompressible(encoding: str) -> str:
    """Truncated or not compressed at all."""
    return f"request body is not a whole [{encoding}] stream, as its Content-Encoding says"


def content_encoding_not_supported(encoding: str) -> str:
    """A compression that is not read."""
    return f"Content-Encoding [{encoding}] is not supported, use [gzip], [deflate] or [identity]"


def content_type_missing() -> str:
    """A body without its type."""
    return "Content-Type header is missing"


def content_type_not_supported(content_type: str) -> str:
    """A body of a type that is not read."""
    return f"Content-Type header [{content_type}] is not supported"


def content_type_not_streamable(content_type: str) -> str:
    """Records in a format other than JSON."""
    return f"Content-Type [{content_type}] does not support stream parsing. Use JSON instead"


def format_not_supported(answer_format: str) -> str:
    """Answers in another format than JSON."""
    return f"format [{answer_format}] is not supported, use [json]"


def version_not_supported(header: str, value: str, version: str) -> str:
    """A compatible-with version that nobody speaks."""
    return (
        f"{header} version must be either version 9, 8 or 7, but found {version}. {header}={value}"
    )


def no_answer_possible() -> str:
    """A defect of the sidecar, met where no request is known."""
    return "unexpected error, described in the log of the sidecar"


def unexpected_error(trace_id: str) -> str:
    """A defect of the sidecar."""
    return f"unexpected error, described in the log of the sidecar under trace.id [{trace_id}]"
