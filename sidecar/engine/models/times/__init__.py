"""At what time of the day or the week records come."""
