"""What executes a step: agents, the scratch work tree a patch goes to, and the sandboxes that tasks run in.

`routes` gives each action to its runner: `compile_default` does the steps of the built-in recipe, the package `spec`
those of specs. `replay`, `command` and `nobody` are agents, `agent_plan` is what an agent may say; `sandbox` runs
tasks, under an `isolation`; `worktree` and `repository` drive `git`. `process` is the one place that starts a program,
`live_output` shows what it writes meanwhile, `failure` says how it failed, `excerpt` makes its text fit to be shown.
"""
