"""The command line: `ml-sidecar serve`, `roles`, `settings`, `credentials` and so on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sidecar import __version__
from sidecar.interfaces import HolderKind
from sidecar.settings import Settings, SettingsError, new_key


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="ml-sidecar",
        description="Machine-learning APIs (_ml) beside an Elasticsearch cluster, on any licence.",
    )
    parser.add_argument("--version", action="version", version=f"ml-sidecar {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("serve", help="run the sidecar until SIGTERM or Ctrl-C")
    commands.add_parser("settings", help="list all settings (SIDECAR_* variables)")
    commands.add_parser("warm-up", help="compile the engine's kernels (when an image is built)")
    commands.add_parser("new-key", help="print a new SIDECAR_ENCRYPTION_KEY")
    _add_credentials(commands.add_parser("credentials", help="what background work runs with"))
    _add_roles(commands.add_parser("roles", help="print the role that the sidecar's account needs"))
    # Inner commands, without help: `serve` starts them.
    commands.add_parser("check-security")
    supervise = commands.add_parser("supervise")
    supervise.add_argument("--parent-pid", type=int, required=True)
    chosen = parser.parse_args(arguments)
    if chosen.command == "roles" and chosen.api_key and chosen.run_as:
        parser.error("keys of other users are cloned with the account's password: no --api-key")
    if chosen.command == "settings":
        from sidecar.cli.settings_table import show_settings

        show_settings()
        return 0
    if chosen.command == "warm-up":
        from sidecar.cli.warm_up import warm_up

        return warm_up()
    if chosen.command == "new-key":
        sys.stdout.write(f"{new_key()}\n")
        return 0
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        sys.stderr.write(f"ml-sidecar: wrong settings: {error}\n")
        return 2
    if chosen.command == "check-security":
        from sidecar.cli.security_check import check_security

        return check_security(settings)
    if chosen.command == "roles":
        from sidecar.cli.roles import show_roles

        show_roles(
            settings,
            form=chosen.format,
            name=chosen.name,
            run_as=[name for name in chosen.run_as.split(",") if name],
            api_key=chosen.api_key,
        )
        return 0
    if chosen.command == "supervise":
        from sidecar.cli.supervise import supervise as run_supervisor

        return run_supervisor(settings, chosen.parent_pid)
    if chosen.command == "credentials":
        from sidecar.cli.credentials import credentials

        return credentials(settings, chosen)
    from sidecar.cli.serve import serve

    return serve(settings)


def _add_credentials(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    actions.add_parser("list", help="show whose credentials are stored for what")
    actions.add_parser("rotate", help="encrypt all with the first key of SIDECAR_ENCRYPTION_KEY")
    revoke = actions.add_parser("revoke", help="invalidate and forget, by kind and id")
    revoke.add_argument("kind", nargs="?", choices=list(HolderKind), help="what holds them")
    revoke.add_argument("id", nargs="?", help="its id")
    revoke.add_argument(
        "--orphans", action="store_true", help="API keys that were made and that nothing holds"
    )


def _add_roles(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=("curl", "console", "json"),
        default="curl",
        help="calls for a shell or for Dev Tools, or the role alone",
    )
    parser.add_argument("--name", default="ml-sidecar", help="of role, user and key")
    parser.add_argument("--api-key", action="store_true", help="an API key instead of a user")
    parser.add_argument(
        "--run-as",
        default="",
        metavar="USERS",
        help="also clone API keys of these users (separated by commas) for their datafeeds",
    )
