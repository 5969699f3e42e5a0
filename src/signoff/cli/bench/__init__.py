"""`signoff bench`: what signoff promises about speed, size and races, measured by whoever wants to know.

Each command measures on ledgers and processes of its own, which are gone at its end, or on a server elsewhere; has a
floor beside its figures, measured in the same run; and writes one report, whose members `members` describes.
"""
