"""Settings of the test server, the same however it is run."""

from __future__ import annotations

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


def arguments(options: ClusterOptions, *, host: str, full_distribution: bool) -> list[str]:
    """`-E` arguments of `elasticsearch`.

    Parameters
    ----------
    host : str
        Address to listen on.
    full_distribution : bool
        Whether the server has all its modules, as the official image has.
    """
    settings = dict(_SETTINGS, **{"network.host": host, "http.port": str(options.port)})
    if full_distribution:
        settings |= _WITH_GEOIP
    return [f"-E{name}={value}" for name, value in settings.items()]
