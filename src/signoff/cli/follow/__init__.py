"""Following a run with a worker in the command itself: `spec run`, `story start`.

`follower` shows what happens and answers at the gates on the way; what differs from door to door is told to it.
`beside` runs the worker meanwhile; `attend` is what a person does, `screen` and `tail` what is shown.
"""
