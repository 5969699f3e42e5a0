"""`signoff story`: pipelines that take a story from the backlog to its commit."""

from __future__ import annotations

import click

from signoff.cli.lazy_group import LazyGroup

#: Where each command is and what it does, as in `cli.main`.
COMMANDS = {
    "audit": ("signoff.cli.story.audit:audit", "What a pipeline's state file cannot show of its stories."),
    "checkpoint": ("signoff.cli.story.checkpoint:checkpoint", "Show a story's checkpoint, and take the decision."),
    "qa-check": ("signoff.cli.story.qa_check:qa_check", "Check QA gate files: shape, vocabulary, contradictions."),
    "resume": ("signoff.cli.story.start:resume", "Go on with a story that stopped at a checkpoint."),
    "start": ("signoff.cli.story.start:start", "Run a story from the backlog to its commit."),
    "status": ("signoff.cli.story.status:status", "Where a story stands, and what it waits for."),
}


@click.group(cls=LazyGroup, places=COMMANDS)
def story() -> None:
    """Stories on their way from the backlog to a commit, stopping at three checkpoints for a person."""
