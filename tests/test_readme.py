"""The README says what the code says."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from sidecar.engine.functions import FUNCTIONS
from sidecar.settings import PREFIX, Settings

README = Path(__file__).parents[1] / "README.md"


def settings_table() -> str:
    """The rows of the README's table of settings."""
    rows = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for field in dataclasses.fields(Settings):
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        shown = f"`{default}`" if default != "" else ""
        rows.append(f"| `{PREFIX}{field.name.upper()}` | {shown} | {field.metadata['text']} |")
    return "\n".join(rows)


def test_the_table_of_settings_is_the_one_the_code_reads() -> None:
    found = re.search(r"<!-- settings -->\n(.*)\n<!-- /settings -->", README.read_text(), re.DOTALL)
    assert found is not None
    assert found[1] == settings_table()


def test_every_function_is_named() -> None:
    text = README.read_text()
    for name in FUNCTIONS:
        plain = name.removeprefix("high_").removeprefix("low_")
        assert f"`{plain}`" in text, name
