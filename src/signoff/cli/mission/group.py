"""`signoff mission`: the commands of missions."""

from __future__ import annotations

import click

from signoff.cli.lazy_group import LazyGroup

#: Where each command is and what it does, as in `cli.main`.
COMMANDS = {
    "claim": ("signoff.cli.mission.move:claim", "Take a work package: from now on it is yours."),
    "doctor": ("signoff.cli.mission.doctor:doctor", "Find recoverable troubles of missions, and say how."),
    "guard": ("signoff.cli.mission.guard:guard", "Check a commit against the active work package's files."),
    "init": ("signoff.cli.mission.scaffold:init", "Begin a mission: its folder and its identity."),
    "list": ("signoff.cli.mission.board:list_missions", "The missions here, and how far each is."),
    "merge": ("signoff.cli.mission.merge:merge", "Bring a mission's lanes into its target branch."),
    "move": ("signoff.cli.mission.move:move", "Move a work package to another lane."),
    "plan": ("signoff.cli.mission.scaffold:plan", "Write the mission's plan.md, to be filled in."),
    "preflight": ("signoff.cli.mission.preflight:preflight", "Say what stands against a merge or a release."),
    "review": ("signoff.cli.mission.review:review", "Have a work package reviewed: opens its gate."),
    "ship": ("signoff.cli.mission.ship:ship", "Have a mission signed off, and write its release report."),
    "specify": ("signoff.cli.mission.scaffold:specify", "Write the mission's spec.md, to be filled in."),
    "start": ("signoff.cli.mission.move:start", "Begin work on a claimed package, in its lane's worktree."),
    "status": ("signoff.cli.mission.board:status", "A mission's board: its work packages by lane."),
    "submit": ("signoff.cli.mission.move:submit", "Hand a finished work package in for review."),
    "tasks": ("signoff.cli.mission.scaffold:tasks", "Make work packages and lanes of the plan."),
    "validate": ("signoff.cli.mission.validate:validate", "Check the files of missions; nothing is written."),
}

_EPILOG = """\b
Examples:
  signoff mission init release-3-2              begin; then: specify, plan, tasks
  signoff mission claim WP01                    take a work package
  signoff mission start WP01                    begin, in a worktree of its own
  signoff mission submit WP01 --all-done --verified "pytest: 214 passed"
  signoff mission status                        the board

Exit codes: 0 done, 1 failed or refused, 2 bad input, 3 waiting for a person, 4 somebody else decided otherwise.
"""


@click.group(cls=LazyGroup, places=COMMANDS, epilog=_EPILOG)
def mission() -> None:
    """Missions: work packages in lanes, reviewed at gates, merged and shipped. What happened is kept as events in the
    mission's own folder, which git keeps."""
