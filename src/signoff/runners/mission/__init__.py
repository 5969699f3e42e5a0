"""Missions as files and in git.

`files` reads what is in a mission's folder and `place` says where that is; `log` adds to what happened. What acts on
the repository for a person goes through `acting_git`.
"""
