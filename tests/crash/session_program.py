"""`python session_program.py DIRECTORY VERB` does one thing to sessions or links on a ledger, as a server or a worker
does it, and may be told (SIGNOFF_CRASH_AT) where to die. Secrets are kept beside the directory for the next call."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from signoff.app.end_sessions import end_sessions
from signoff.app.extend_session import extend_session
from signoff.app.make_link import make_link
from signoff.app.open_session import open_session
from signoff.app.sign_in import sign_in_by_session
from signoff.app.use_link import use_link
from signoff.app.world import World
from signoff.bootstrap.world import open_world
from signoff.clock import now_ms
from signoff.settings import load

TEN_MINUTES_MS = 600_000


def main(directory: Path, verb: str) -> None:
    acts: dict[str, Callable[[World, Path], None]] = {
        "open_session": _open,
        "extend_session": _extend,
        "end_sessions": _end,
        "make_link": _make_link,
        "use_link": _use_link,
    }
    with open_world(load({"dir": directory}, os.environ, cwd=directory.parent)) as world:
        acts[verb](world, directory.parent)


def _open(world: World, folder: Path) -> None:
    _, secret = open_session(world, token=(folder / "token").read_text().strip())
    (folder / "session").write_text(secret)


def _extend(world: World, folder: Path) -> None:
    later = replace(world, clock=lambda: now_ms() + TEN_MINUTES_MS)
    extend_session(later, sign_in_by_session(later, secret=(folder / "session").read_text()).session)


def _end(world: World, folder: Path) -> None:
    end_sessions(world, sign_in_by_session(world, secret=(folder / "session").read_text()))


def _make_link(world: World, folder: Path) -> None:
    _, secret = make_link(world, workflow_id="wf-1", gate_key="ship", name="ada")
    (folder / "link").write_text(secret)


def _use_link(world: World, folder: Path) -> None:
    use_link(world, secret=(folder / "link").read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
