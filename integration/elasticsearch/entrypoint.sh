#!/bin/sh
# Sets the superuser's first password, then becomes the server.
set -eu
if [ ! -f config/elasticsearch.keystore ]; then
    # --force: without asking whether to create the keystore.
    printf '%s' "$ELASTIC_PASSWORD" |
        elasticsearch-keystore add --force --stdin --silent bootstrap.password
fi
exec "$@"
