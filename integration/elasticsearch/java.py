"""Which Java of this machine can compile the plugin and run the server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from integration.elasticsearch.options import UnavailableError

_RELEASE = re.compile(r'version "(\d+)')


def require_home(oldest: int) -> Path:
    """Home of the oldest JDK here that is of at least this release: it was tried with it.

    Raises
    ------
    UnavailableError
        If there is none.
    """
    found = {home: release for home in _homes() if (release := _release(home)) is not None}
    fitting = {home: release for home, release in found.items() if release >= oldest}
    if not fitting:
        has = f"found {sorted(set(found.values()))}" if found else "none was found"
        raise UnavailableError(f"JDK {oldest} or newer is needed to run it as a process: {has}")
    return min(fitting, key=fitting.__getitem__)


def _homes() -> Iterator[Path]:
    for name in ("ES_JAVA_HOME", "JAVA_HOME"):
        if home := os.environ.get(name):
            yield Path(home)
    if on_path := shutil.which("javac"):
        yield Path(on_path).resolve().parent.parent
    yield from Path("/usr/lib/jvm").glob("*")


def _release(home: Path) -> int | None:
    java = home / "bin" / "java"
    if not java.exists() or not (home / "bin" / "javac").exists():
        return None
    run = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = _RELEASE.search(run.stderr)
    return int(found[1]) if found else None
