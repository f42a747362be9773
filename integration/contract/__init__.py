"""What every implementation of the stores promises: the same tests for the fakes and the real."""
