"""`ml-sidecar credentials`: what background work runs with, without its secrets."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from sidecar.bootstrap import build_services, build_stores
from sidecar.errors import MlError
from sidecar.interfaces import HolderKind, Sealing
from sidecar.services.credential_upkeep import CredentialState
from sidecar.services.services import Services
from sidecar.settings import Settings, SettingsError

_LOST_ADVICE = "What cannot be read was encrypted with another key: set that key too, or update"
_WRONG_USE, _FAILED = 2, 1


def credentials(settings: Settings, chosen: argparse.Namespace) -> int:
    """Run `list`, `rotate` or `revoke`; returns the exit status."""
    if chosen.action == "revoke" and chosen.orphans == (chosen.id is not None):
        sys.stderr.write("ml-sidecar: revoke needs a kind and an id, or --orphans\n")
        return _WRONG_USE
    if chosen.action == "rotate" and not settings.encryption_key:
        sys.stderr.write("ml-sidecar: rotate needs SIDECAR_ENCRYPTION_KEY; see new-key\n")
        return _WRONG_USE
    try:
        stores = build_stores(settings)
    except SettingsError as error:
        sys.stderr.write(f"ml-sidecar: wrong settings: {error}\n")
        return _WRONG_USE
    try:
        return _run(build_services(settings, stores), chosen)
    except MlError as error:
        sys.stderr.write(f"ml-sidecar: {error.reason}\n")
        return _FAILED
    finally:
        stores.close()


def _run(services: Services, chosen: argparse.Namespace) -> int:
    console = Console()
    if chosen.action == "list":
        return show_credentials(console, services.credential_upkeep.states())
    if chosen.action == "rotate":
        return _rotate(console, services)
    if chosen.orphans:
        names = services.credential_upkeep.revoke_orphans()
        for name in names:
            console.print(f"invalidated {name}", markup=False, highlight=False)
        console.print(f"{len(names)} API keys that nothing held")
        return 0
    found = services.credentials.revoke(HolderKind(chosen.kind), chosen.id)
    console.print("revoked" if found else "nothing was stored")
    return 0 if found else _FAILED


def show_credentials(console: Console, states: Iterable[CredentialState]) -> int:
    """Print a table of stored credentials; returns the exit status."""
    columns = ("kind", "id", "user", "runs with", "API key id", "since (UTC)", "encrypted")
    table = Table(*columns, box=None, pad_edge=False)
    for state in states:
        credential = state.credential
        since = datetime.fromtimestamp(credential.created / 1000, UTC)
        table.add_row(
            credential.holder.kind,
            credential.holder.holder_id,
            credential.owner.username,
            "the user's own credential" if credential.key_name is None else "an API key",
            credential.key_id or "",
            f"{since:%Y-%m-%d %H:%M}",
            state.sealing,
        )
    console.print(table if table.row_count else "no credentials are stored")
    return 0


def _rotate(console: Console, services: Services) -> int:
    states = services.credential_upkeep.rotate()
    count = Counter(state.sealing for state in states)
    console.print(
        f"{count[Sealing.OLD]} encrypted anew, {count[Sealing.CURRENT]} were already, "
        f"{count[Sealing.LOST]} cannot be read"
    )
    if not count[Sealing.LOST]:
        return 0
    console.print(f"{_LOST_ADVICE} these to re-authorise:")
    show_credentials(console, (state for state in states if state.sealing is Sealing.LOST))
    return _FAILED
