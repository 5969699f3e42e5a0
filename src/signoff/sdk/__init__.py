"""signoff for programs: the same few verbs on the embedded ledger and on a server.

`backend` says what both can do, in wire forms; `client` is what people write programs with. Neither server nor engine
is imported here.
"""
