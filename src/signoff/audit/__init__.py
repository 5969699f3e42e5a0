"""The audit trail: what makes the record provable afterwards. Pure: values in, values out.

Read in this order: `entry` (what is recorded, and the hash that seals it), `chain` (each workflow's entries follow on
one another), `tree` (one root over all entries), `head` (a signature over that root), `verify` (the whole proof),
`export` (the same for another machine), `wire` (how rows travel).
"""
