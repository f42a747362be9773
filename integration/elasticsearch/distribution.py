"""The bare Elasticsearch distribution that Elastic publishes for plugin tests, and our plugin.

It is the real server with x-pack core and security, without reindex, scripts, `GET /` and most
analysis; the plugin in `analysis_plugin/` gives it what the security index is mapped with.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from integration.elasticsearch.options import UnavailableError, cache_dir, progress

PLUGIN_SOURCE = Path(__file__).with_name("analysis_plugin")
_COORDINATES = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:{version}:zip"
_COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
# Not every mirror carries Maven's own checksums, and they are SHA-1; other versions go unchecked.
_SHA256 = {
    "8.19.7": "cb7f86fb6e68e85ef6f531ae5c68458ecfe42371150403b22b2ed21381581cbb",
    "9.2.0": "bf44938a0490ba2a303d39c9cb64b38963dd08c812ce93e10816e878585bcb6b",
}


def zip_file(version: str) -> Path:
    """Fetch the distribution with Maven, unless it is in the cache.

    Raises
    ------
    UnavailableError
        If there is no Maven, it cannot fetch this version, or what it fetched is not what we know.
    """
    kept = cache_dir() / "distributions" / f"elasticsearch-{version}.zip"
    if kept.exists():
        return kept
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError("the distribution is fetched with Maven: `mvn` is not installed")
    progress(f"fetching the Elasticsearch {version} distribution with Maven")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        coordinates = _COORDINATES.format(version=version)
        command = [maven, "--batch-mode", "--quiet", _COPY_GOAL]
        command += [f"-Dartifact={coordinates}", f"-DoutputDirectory={folder}"]
        # Outside the checkout: no project, so nobody's pom.xml takes part.
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            raise UnavailableError(f"Maven could not fetch {coordinates}: {run.stdout[-2000:]}")
        (fetched,) = Path(folder).glob("*.zip")
        _check(fetched, version)
        fetched.rename(kept)
    return kept


def _check(fetched: Path, version: str) -> None:
    with fetched.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    known = _SHA256.get(version, found)
    if found != known:
        raise UnavailableError(f"{fetched.name} has SHA-256 {found} where {known} is expected")


def plugin_files() -> list[Path]:
    """Return the source files of the plugin, in a stable order."""
    return sorted(path for path in PLUGIN_SOURCE.rglob("*") if path.is_file())


def content_hash(paths: Iterable[Path], *more: str) -> str:
    """Short hash of files' names and contents and of texts, to name what is built of them."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for text in more:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:12]
