"""How rare a value is: in time, or among the members of a population."""
