"""The HTTP API as clients meet it: a real sidecar beside a real Elasticsearch."""
