"""Missions: work packages that move through lanes, and the files that say so. Pure: texts in, values and findings out.

Read in this order: `lane` (where a package can be), `event` (a line of the log), `reduce` (what the lines add up to),
`move` (what may be added to them), `claim` (who holds a package), `board` (all of it at one look). The files: `meta`,
`lanes_file`, `work_package`, `review_cycle`, `prompt`, and `files`, all of a mission's at once; `scaffold` begins them,
and makes packages of what `plan_text` reads. What is judged: `ownership` (who may commit what), `preflight` (the
target branch), `approval` (whether what is accepted was decided), `validate` (everything); each tells `finding`s.
"""
