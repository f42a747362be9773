"""Probabilities up the tree, and into scores of 0..100."""
