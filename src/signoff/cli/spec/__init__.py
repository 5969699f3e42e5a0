"""`signoff spec`: plans that people write in Markdown.

`commands` are the commands, `files` and `tiers` what they read. `run` starts or goes on with a run; `follow` shows it
and answers at its gates, with `answers` (what a script says), `attend` (what a person does), `screen` and `tail`.
"""
