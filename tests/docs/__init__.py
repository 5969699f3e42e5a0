"""The reference is made from the source, and what the docs promise is tried out."""
