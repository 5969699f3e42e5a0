"""A story's run followed to its end, with a worker beside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from signoff.cli.call import Call
from signoff.cli.follow.beside import ended_by_signals, follow_with_worker
from signoff.cli.follow.follower import Follower
from signoff.cli.follow.screen import screen_for
from signoff.cli.own_ledger import own_ledger
from signoff.cli.story.answers import Answers
from signoff.cli.story.door import StoryDoor
from signoff.errors import InvalidInputError
from signoff.sdk.ledger_backend import LedgerBackend

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.plans.run import Run
    from signoff.settings import Settings

LOG_FILE = "story.log"


def follow_story(
    call: Call, state_file: Path, answers: Answers, find: Callable[[World], Run], *, creates: bool, is_resumed: bool
) -> int:
    """The exit code. `find` starts the run, or finds the one to go on with."""
    settings = call.settings
    migrates = creates and settings.database_url is None
    with ended_by_signals(), own_ledger(call, creates=creates, migrates=migrates) as world:
        run = find(world)
        backend = LedgerBackend(world, actor=call.actor)
        door = StoryDoor(call, world, backend, state_file, answers, began_at=world.clock())
        follower = Follower(
            call=call,
            world=world,
            backend=backend,
            workflow_id=run.workflow_id,
            door=door,
            screen=screen_for(call),
            directory=settings.dir,
        )
        follower.greet(is_resumed=is_resumed)
        code = follow_with_worker(call, settings, world, follower, log=LOG_FILE)
    call.show(follower.document, follower.take_leave)
    return code


def check_agent(settings: Settings) -> None:
    """Whether somebody is there to do the work; it is asked before anything begins.

    Raises:
        InvalidInputError: (`no-agent`) nobody is.
    """
    if settings.agent == "replay" and settings.replay_dir is None:
        raise InvalidInputError(
            "Who does the work? Say --agent command --agent-command PROGRAM, --agent none (you do it), or "
            "--replay-dir FOLDER (recordings).",
            code="no-agent",
        )
