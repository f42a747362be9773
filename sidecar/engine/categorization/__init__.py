"""Categorization: messages that say the same thing in different words of detail, as numbers."""
