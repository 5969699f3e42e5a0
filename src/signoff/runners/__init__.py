"""What executes a step: agents that plan, the scratch work tree a patch goes to, and the sandboxes that tasks run in.

`replay` and `command` are agents, `agent_plan` is what an agent may say; `worktree` drives git; `sandbox` runs tasks,
under an `isolation`; `process` is the one place that starts a program, and `excerpt` makes its text fit to be shown.
"""
