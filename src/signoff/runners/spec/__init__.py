"""What performs the steps of a spec, in the repository that the spec is of.

`steps` does each action of `plans.spec.plan`; `agents` and `replay` carry prompts out, `commands` runs the fenced
blocks; `outputs` looks at what came of it, `inside` keeps paths in the repository, and `evidence` is what reviewers are
given.
"""
