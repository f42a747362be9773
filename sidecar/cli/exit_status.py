"""Exit statuses that one command tells another."""

# The supervisor's, once it has said why: starting it again would not help.
REFUSED = 3
# Of `check-security`: security is off in Elasticsearch.
INSECURE = 4
