"""Telling people: one module for each kind of channel, and what they have in common.

`read` takes `notify.yaml` apart, `channels` makes of it what a worker sends with. What leaves here gives nothing away
and orders nobody about: `secrets` knows what must not be said, `facts` what a stranger's text may look like.
"""
