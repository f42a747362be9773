"""Models of places on the Earth: where an entity, or a population, usually is."""
