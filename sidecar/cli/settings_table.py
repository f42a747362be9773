"""`ml-sidecar settings`: every setting with its default."""

from __future__ import annotations

import dataclasses

from rich.console import Console
from rich.table import Column, Table

from sidecar.settings import PREFIX, Settings


def show_settings() -> None:
    """Print a table of all settings."""
    table = Table(
        Column("Setting", no_wrap=True),
        Column("Default", no_wrap=True),
        "Meaning",
        box=None,
        pad_edge=False,
    )
    for field in dataclasses.fields(Settings):
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        table.add_row(PREFIX + field.name.upper(), str(default), field.metadata["text"])
    console = Console()
    console.print(table)
    console.print(
        "\nSet them in the environment or as lines of the file that "
        f"{PREFIX}CONFIG_FILE names; a secret also as <NAME>_FILE, the path of a file.",
        markup=False,
    )
