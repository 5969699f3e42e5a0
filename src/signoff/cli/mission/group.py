"""`signoff mission`: the commands of missions."""

from __future__ import annotations

import click

from signoff.cli.lazy_group import LazyGroup
from signoff.cli.places import MISSION_COMMANDS

_EPILOG = """\b
Examples:
  signoff mission init release-3-2              begin; then: specify, plan, tasks
  signoff mission claim WP01                    take a work package
  signoff mission start WP01                    begin, in a worktree of its own
  signoff mission submit WP01 --all-done --verified "pytest: 214 passed"
  signoff mission status                        the board

Exit codes: 0 done, 1 failed or refused, 2 bad input, 3 waiting for a person, 4 somebody else decided otherwise.
"""


@click.group(cls=LazyGroup, places=MISSION_COMMANDS, epilog=_EPILOG)
def mission() -> None:
    """Missions: work packages in lanes, reviewed at gates, merged and shipped. What happened is kept as events in the
    mission's own folder, which git keeps."""
