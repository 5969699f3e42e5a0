"""The world of the use cases: a ledger, its clock, and what the settings say."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from signoff.app import moments
from signoff.bootstrap.database import checked_database
from signoff.clock import MovableClock, moved_ms, new_ulid, now_ms
from signoff.errors import OperationError
from signoff.settings import Settings

if TYPE_CHECKING:
    from signoff.app.ports import Clock
    from signoff.app.world import World
    from signoff.ledger.lists import SqlLists
    from signoff.policy.level import Schedule
    from signoff.policy.risk import RiskPolicy
    from signoff.policy.schedule import Span

#: Stands in the directory of a ledger in development mode, and says how far on its clock is.
DEV_CLOCK_FILE = "dev-clock"


@contextmanager
def open_world(
    settings: Settings, *, is_server: bool = False, migrates: bool = False, creates: bool = True
) -> Iterator[World]:
    """The world of the use cases, closed at the end.

    An embedded ledger is made on first use, unless `creates` is False; `migrates` also upgrades one that is older.

    Raises:
        SchemaVersionError, LedgerUnavailableError. NotFoundError: (`no-ledger`) there is none and none may be made.
        PolicyError: of a server, whose risk policy is read first. OperationError: (`development-ledger`) of a server
        outside development mode, on a ledger whose clock was moved.
    """
    arm_crash_point()
    policy = policy_once(settings)
    if is_server:
        # What is wrong with it is said now, and not to the first who asks.
        policy()
    with checked_database(settings, is_server=is_server, migrates=migrates, creates=creates) as database:
        # Behind it: what looks for a ledger and finds none mostly goes on without.
        from signoff.app.world import World
        from signoff.ledger.store import SqlLedger

        yield World(
            ledger=SqlLedger(database),
            clock=_clock(settings, is_server=is_server),
            new_id=new_ulid,
            is_partitioned=settings.partitioning,
            approval_ttl_s=settings.plan_approval_timeout_s,
            callbacks_allow=settings.callbacks_allow,
            tool=_tool,
            policy=policy,
            business_hours=_business_hours,
        )


@contextmanager
def open_lists(settings: Settings) -> Iterator[tuple[SqlLists, Clock]]:
    """What a ledger has of gates and runs in short, and its clock. Without the world of the use cases, which takes
    longer to import than a list to read.

    Raises:
        SchemaVersionError, LedgerUnavailableError. NotFoundError: (`no-ledger`).
    """
    with checked_database(settings, creates=False) as database:
        from signoff.ledger.lists import SqlLists

        yield SqlLists(database), _clock(settings, is_server=False)


def policy_once(settings: Settings) -> Callable[[], RiskPolicy]:
    """Reads it when it is first asked for, since most commands never do, and keeps it."""

    @cache
    def read() -> RiskPolicy:
        from signoff.settings.policy_files import load_policy

        return load_policy(settings.policy_dir)

    return read


def _clock(settings: Settings, *, is_server: bool) -> Clock:
    """A server says whether its ledger is in development mode; whoever else works on it finds that so."""
    path = settings.dir / DEV_CLOCK_FILE
    if is_server and settings.dev:
        settings.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        _tell("development mode: the clock of this ledger can be moved (signoff dev clock)")
    elif is_server and path.exists():
        if moved_ms(path):
            raise OperationError(
                f"The ledger in {settings.dir} was used in development mode and its clock was moved on. Start with "
                "--dev, or begin a new ledger.",
                code="development-ledger",
            )
        path.unlink()
    return MovableClock(path) if path.exists() else now_ms


def _tell(message: str) -> None:
    import logging

    logging.getLogger("signoff").info(message)


def _business_hours(schedule: Schedule, now: int) -> Iterator[Span]:
    from signoff.settings.business_hours import business_hours

    return business_hours(schedule, now)


def _tool() -> str:
    import signoff

    return f"signoff {signoff.__version__}"


def arm_crash_point() -> None:
    """SIGNOFF_CRASH_AT names a moment (`app.moments`) at which this process kills itself, for crash tests."""
    wanted = os.environ.get("SIGNOFF_CRASH_AT")
    if wanted is None:
        return
    import signal

    def crash(moment: str) -> None:
        if moment == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    moments.on_moment = crash
