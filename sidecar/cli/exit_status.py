"""Exit statuses that one command tells another."""

# The supervisor's: it would lose data on this cluster, and starting it again would not help.
REFUSED = 3
