"""`signoff spec`: plans that people write in Markdown.

`commands` are the commands, `files` and `tiers` what they read. `run` starts or goes on with a run; `follow` is what is
shown of it, and asked at its gates, with `answers` (what a script says).
"""
