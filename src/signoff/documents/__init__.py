"""Files that people write: YAML with the line of each value, and everything that is wrong with a file at once. Pure."""
