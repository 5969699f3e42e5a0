"""`signoff release`: whether a commit may be released, from what was recorded of its checks, tests and measurements.

`part` says what has to have run, `record` what is kept of a run. `judge` takes bytes and says what they prove, with
`junit` and `figures` for the two kinds of reports; `decide` finds the bytes, `commit` the commit.
"""
