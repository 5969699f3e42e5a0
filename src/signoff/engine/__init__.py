"""The engine: DBOS, and nothing else in signoff knows it.

`worker` is one process's share of the work: it relays what was decided (`relay`), sweeps deadlines, signs heads, beats,
and brings back the legs of workers that died (`recovery`). `workflows` are the durable functions themselves; what they
do is in `app.advance_run`, safe to do again.
"""
