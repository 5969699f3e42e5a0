"""The heart: what a gate is, who may answer it, and what its answer does. Pure: values in, values out.

Read in this order: `gate` (the life of a gate as one table), `prompt` (what a person is shown), `reply` (what a person
says), `requirement` (whose approvals are enough), `deadline` (when it ends or climbs), `decision` (what is told
afterwards), `digest` and `keys` (how things are named and compared).
"""
