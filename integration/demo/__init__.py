"""The demo: a job on a generated data set, from nothing to its anomalies."""
