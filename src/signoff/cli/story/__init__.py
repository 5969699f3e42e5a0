"""`signoff story`: pipelines that take a story from the backlog to its commit.

`group` is the group of commands. `checkpoint` puts a checkpoint before a person: `desk` asks until it is decided,
`screens` draws, `answering` is what a person is asked and a script says.
"""
