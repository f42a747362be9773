"""What runs inside a job's process: read, analyse, write results, persist."""
