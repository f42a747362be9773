"""Columns in, bucket results out: numpy and numba; no I/O, no clock, no threads."""
