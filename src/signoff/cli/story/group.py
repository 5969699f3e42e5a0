"""`signoff story`: pipelines that take a story from the backlog to its commit."""

from __future__ import annotations

import click

from signoff.cli.lazy_group import LazyGroup
from signoff.cli.places import STORY_COMMANDS


@click.group(cls=LazyGroup, places=STORY_COMMANDS)
def story() -> None:
    """Stories on their way from the backlog to a commit, stopping at three checkpoints for a person."""
