"""Settings of the test server, the same however it is run."""

from __future__ import annotations

from collections.abc import Mapping

from integration.elasticsearch.options import ClusterOptions

_SETTINGS = {
    "cluster.name": "ml-sidecar-test",
    "discovery.type": "single-node",
    # A developer's disk is often fuller than the watermarks allow.
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "xpack.license.self_generated.type": "basic",
    # The sidecar stands where native ML does not run.
    "xpack.ml.enabled": "false",
    "xpack.security.enabled": "true",
    "xpack.security.enrollment.enabled": "false",
    "xpack.security.http.ssl.enabled": "false",
    "xpack.security.transport.ssl.enabled": "false",
}
# Refused at start by a server without the module, and it would fetch databases from the internet.
_WITH_GEOIP = {"ingest.geoip.downloader.enabled": "false"}


def settings(options: ClusterOptions, *, host: str, full_distribution: bool) -> dict[str, str]:
    """Return the server's settings by name.

    Parameters
    ----------
    host : str
        Address to listen on.
    full_distribution : bool
        Whether the server has all its modules, as the official image has.
    """
    chosen = {**_SETTINGS, "network.host": host, "http.port": str(options.port)}
    return chosen | _WITH_GEOIP if full_distribution else chosen


def command(executable: str, settings: Mapping[str, str]) -> list[str]:
    """Return the command line that starts the server with these settings."""
    return [executable, *(f"-E{name}={value}" for name, value in settings.items())]
