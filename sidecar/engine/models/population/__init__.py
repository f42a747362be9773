"""Models of populations: entities (over values) compared with one another."""
