"""Statistics that the models are made of."""
