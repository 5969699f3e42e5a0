"""`signoff mission`: work packages on their way from a plan to a release, in files that git keeps.

`group` names the commands; `options` is what they share: which mission, who acts, and what is said of sync.
"""
