"""Records into statistics of buckets: what the models are asked to judge."""
