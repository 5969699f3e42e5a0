"""`signoff gate`: the commands of gates."""

from __future__ import annotations

import click

from signoff.cli.lazy_group import LazyGroup
from signoff.cli.places import GATE_COMMANDS


@click.group(cls=LazyGroup, places=GATE_COMMANDS)
def gate() -> None:
    """List, show and answer gates."""
