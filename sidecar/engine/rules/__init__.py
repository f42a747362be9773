"""Custom rules and scheduled events: when a value makes no result or is not learned."""
