"""What the commands of missions share: which mission is meant, who acts, and where settings and ledger are.

All of that is in the primary checkout, so that a command does the same from every worktree of the repository.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, Command, takes_settings
from signoff.cli.output import note
from signoff.errors import InvalidInputError

if TYPE_CHECKING:
    from signoff.app.mission_log import Appended
    from signoff.app.move_work_package import Revise
    from signoff.missions.lane import Lane
    from signoff.missions.move import MoveWish
    from signoff.runners.mission.place import Checkout, MissionPlace
    from signoff.runners.mission.sync import SyncTarget
    from signoff.settings import Settings

#: Where in the state directory it is noted what was sent.
SYNC_FOLDER = "mission-sync"
#: In the repository that all worktrees share.
LOCK_FILE = "signoff-missions.lock"


@dataclass(frozen=True)
class MissionChoice:
    """`slug` is what `--mission` said, `named_actor` what `--actor` did."""

    call: Call
    checkout: Checkout
    slug: str | None
    named_actor: str | None

    @property
    def settings(self) -> Settings:
        """Those of missions are here; what a ledger needs besides is in the call's."""
        return self.call.plain_settings

    @cached_property
    def root(self) -> Path:
        """The folder of missions, which may not be there yet."""
        from signoff.runners.mission.place import missions_root

        return missions_root(self.checkout, self.settings.missions_dir)

    @cached_property
    def place(self) -> MissionPlace:
        return self.place_of(None)

    def place_of(self, slug: str | None) -> MissionPlace:
        """The mission of this slug, where a command takes one, or else the one that the options say.

        Raises:
            NotFoundError, InvalidInputError: as `find_mission`.
        """
        from signoff.runners.mission.place import find_mission

        return find_mission(self.checkout, self.root, slug or self.slug)

    @cached_property
    def actor(self) -> str:
        """Who acts: the one that `--actor` names, else whom git knows.

        Raises:
            InvalidInputError: (`no-git-identity`) nobody is known.
        """
        from signoff.runners.mission.acting_git import try_git

        name = self.named_actor
        if name is None:
            name = try_git(self.checkout.here, "config", "user.name").stdout.decode(errors="replace")
        if not name.strip() or not name.strip().isprintable():
            raise InvalidInputError(
                "Nobody is known to act: say --actor NAME, or run: git config user.name NAME", code="no-git-identity"
            )
        return name.strip()

    @contextmanager
    def moving(self, wp_id: str, to_lane: Lane) -> Iterator[None]:
        """Whatever stops this move says which one it was."""
        from signoff.runners.mission.log import moving

        with moving(self.place, wp_id.upper(), to_lane):
            yield

    def move(self, wish: MoveWish, revise: Revise | None = None) -> Appended:
        """As `move_work_package`, now, in the mission of this choice."""
        from signoff.app.move_work_package import move_work_package
        from signoff.clock import new_ulid, now_us
        from signoff.runners.mission.log import MissionLogFile

        return move_work_package(MissionLogFile(self.place), wish, now_us=now_us(), new_id=new_ulid, revise=revise)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else begins or plans a mission in this repository meanwhile, or has a package reviewed: identities,
        numbers and lanes are given once, and one thing is asked once.

        Raises:
            DiagnosticError: (`STATUS_LOG_LOCKED`) somebody does, and does not come to an end.
        """
        from signoff.runners.mission.log import LOCK_WAIT_S
        from signoff.runners.mission.log_file import locked_log

        with locked_log(self.checkout.git_dir / LOCK_FILE, LOCK_WAIT_S):
            yield

    def sync_target(self) -> SyncTarget | None:
        """Whom new events are sent to; None for nobody."""
        settings = self.settings
        if settings.sync_url is None:
            return None
        from signoff.runners.mission.sync import SyncTarget

        return SyncTarget(settings.sync_url, settings.sync_token, settings.dir / SYNC_FOLDER)

    def show_done(self, place: MissionPlace, document: Mapping[str, Any], draw: Callable[[], object]) -> None:
        """Say what was done in a mission, after `sync.url` was told of it. What goes wrong there is said beside it, in
        the document as `diagnostics`, and changes nothing else."""
        diagnostics = self._sync(place)
        if self.call.is_json and diagnostics:
            document = {**document, "diagnostics": diagnostics}
        self.call.show(document, draw)
        for one in [] if self.call.is_json else diagnostics:
            note(f"{one['severity']}: {one['diagnostic_code']}: {one['message']}")

    def _sync(self, place: MissionPlace) -> list[dict[str, Any]]:
        target = self.sync_target()
        if target is None:
            return []
        from signoff.runners.mission.sync import send_unsent

        return [one.to_wire() for one in send_unsent(place, target)]


def takes_mission(*attributes: str) -> Callable[[Command], Command]:
    """Gives a command `--mission`, `--missions-dir`, `--actor`, `--json` and the flags of these settings; its first
    arguments are the `Call` and the `MissionChoice`."""

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def command(call: Call, *, mission_slug: str | None, actor_name: str | None, **values: Any) -> Any:
            from signoff.runners.mission.diagnosing import diagnosing
            from signoff.runners.mission.place import find_checkout

            _arm_crash_point()
            checkout = find_checkout(Path.cwd())
            call = call.at(checkout.root)
            with diagnosing():
                return function(call, MissionChoice(call, checkout, mission_slug, actor_name), **values)

        with_flags = takes_settings("missions_dir", *attributes)(command)
        mission = click.option(
            "--mission", "mission_slug", metavar="SLUG", help="Which mission; that of this branch, or the only one."
        )
        actor = click.option("--actor", "actor_name", metavar="NAME", help="Who acts; git's user.name without it.")
        return mission(actor(with_flags))

    return decorate


def _arm_crash_point() -> None:
    if "SIGNOFF_CRASH_AT" in os.environ:
        from signoff.bootstrap.world import arm_crash_point  # takes longer than a move

        arm_crash_point()
