"""`ml-sidecar roles`: the role of the sidecar's own account, and the calls that make it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.settings import Settings
from sidecar.storage.names import Names
from sidecar.storage.service_role import service_role

_PASSWORD = "a-long-random-password"  # noqa: S105 - stands for the one the operator chooses


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, with the comment that stands above it."""

    comment: str
    method: str
    path: str
    body: dict[str, Any]


def show_roles(
    settings: Settings, *, form: str, name: str, run_as: Sequence[str], api_key: bool
) -> None:
    """Print the calls to standard output.

    Parameters
    ----------
    form : str
        `curl` or `console` (Dev Tools) calls, or `json`, the role descriptor alone.
    name : str
        Of the role, the user and the key.
    run_as : sequence of str
        Users whose API keys may be cloned.
    api_key : bool
        An API key instead of a role and a user.
    """
    role = service_role(Names(settings.index_prefix), run_as)
    if form == "json":
        _write(json.dumps(role, indent=2))
        return
    calls = _key_calls(name, role) if api_key else _user_calls(name, role)
    url = settings.elasticsearch_url.split(",")[0].strip().rstrip("/")
    for call in calls:
        _write(_curl(call, url) if form == "curl" else _console(call))
    if not run_as:
        _write(
            "# Not in it, for it may act as others: with --run-as USERS their API keys are cloned\n"
            "# for their datafeeds, instead of being kept (encrypted) as they are."
        )


def _user_calls(name: str, role: dict[str, Any]) -> Sequence[_Call]:
    user = {"password": _PASSWORD, "roles": [name], "full_name": "Account of ml-sidecar"}
    return (
        _Call("The role: nothing but the sidecar's own indices.", "PUT", _role_path(name), role),
        _Call(
            "The user, for SIDECAR_ELASTICSEARCH_USERNAME and _PASSWORD.",
            "PUT",
            f"/_security/user/{name}",
            user,
        ),
    )


def _key_calls(name: str, role: dict[str, Any]) -> Sequence[_Call]:
    body = {"name": name, "role_descriptors": {name: role}}
    comment = "The key, for SIDECAR_ELASTICSEARCH_API_KEY (`encoded` of the answer)."
    return (_Call(comment, "POST", "/_security/api_key", body),)


def _role_path(name: str) -> str:
    return f"/_security/role/{name}"


def _curl(call: _Call, url: str) -> str:
    body = json.dumps(call.body, indent=2)
    return (
        f"# {call.comment}\n"
        f"curl -u elastic -X {call.method} {shlex.quote(url + call.path)}"
        f" -H 'Content-Type: application/json' -d {shlex.quote(body)}\n"
    )


def _console(call: _Call) -> str:
    return f"# {call.comment}\n{call.method} {call.path}\n{json.dumps(call.body, indent=2)}\n"


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
