"""A worker in the command that follows a run."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from signoff.cli.call import Call
from signoff.cli.terminal import is_attended
from signoff.settings import Settings

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.cli.follow.follower import Follower


def follow_with_worker(call: Call, settings: Settings, world: World, follower: Follower, *, log: str) -> int:
    """The exit code. What the worker logs goes to the file `log` beside the ledger."""
    from signoff.cli.worker_beside import WorkerBeside

    _log_to(settings.dir / log)
    attend = follower.attendance.attend if is_attended() and not call.is_json else None
    with WorkerBeside(settings, world, attend) as beside:
        beside.start()
        try:
            return follower.follow(beside.ending)
        except KeyboardInterrupt:
            return follower.leave()
        finally:
            follower.attendance.close()


def _log_to(path: Path) -> None:
    """What the worker logs would tear what is shown."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("signoff").setLevel(logging.INFO)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A terminal that is closed, or a supervisor, ends this as Ctrl-C does: the step that runs is stopped with it."""
    before = {name: signal.signal(name, signal.default_int_handler) for name in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
