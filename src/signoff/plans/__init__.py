"""Plans: what a run will do, as data, and how it is walked. Pure."""
