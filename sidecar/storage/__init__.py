"""The Elasticsearch edge: everything the sidecar keeps, in `.ml-*` indices."""
