"""Models of series, batched over the series of a detector."""
