"""Risk policies: how risky a task is, and what that asks of whom. Pure: texts and tasks in, values out.

Read in this order: `task` (what is assessed), `condition` (what a rule looks at), `level` (what is asked of people),
`risk` (the policy and the assessment), `read` (YAML to a policy). `defaults` has the shipped files.
"""
