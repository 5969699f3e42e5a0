"""Belief states: how sure we are that somebody knows something."""

UNKNOWN, LEARNING, KNOWN = "unknown", "learning", "known"
