"""What an operation means: checks, states, order of steps, audits. No HTTP, no Elasticsearch."""
