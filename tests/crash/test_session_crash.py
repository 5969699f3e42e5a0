"""Whoever is killed over a session or a link has done all of it or nothing, and it can be done again."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from forked import Forked
from processes import PLAIN, WAIT_S, Place

PROGRAM = Path(__file__).with_name("session_program.py")

#: What is done beforehand, the count that tells how often it was done, and its entries in the trail.
ACTS = {
    "open_session": ((), "SELECT COUNT(*) FROM app.sessions", "session.opened"),
    "extend_session": (
        ("open_session",),
        "SELECT COUNT(*) FROM app.sessions WHERE expires_at > created_at + 3600000",
        None,
    ),
    "end_sessions": (
        ("open_session",),
        "SELECT COUNT(*) FROM app.sessions WHERE ended_at IS NOT NULL",
        "session.ended",
    ),
    "make_link": ((), "SELECT COUNT(*) FROM app.links", "link.made"),
    "use_link": (("make_link",), "SELECT COUNT(*) FROM app.links WHERE used_at IS NOT NULL", "session.opened"),
}


@pytest.fixture
def place(signoff_dir: Path) -> Place:
    place = Place(signoff_dir)
    assert place.command("principal", "add", "ada").code == 0
    (signoff_dir.parent / "token").write_text(place.command("token", "create", "ada").out)
    assert place.command("ask", "Ship?", "--workflow", "wf-1", "--key", "ship", "--no-wait").code == 3
    return place


@pytest.mark.parametrize("verb", ACTS)
def test_a_death_over_a_session_leaves_all_of_it_or_nothing(place: Place, signoff_dir: Path, verb: str) -> None:
    before, count, event = ACTS[verb]
    for earlier in before:
        assert _act(signoff_dir, earlier) == 0
    entries = f"SELECT COUNT(*) FROM app.audit_entries WHERE event = '{event}'"
    for edge, times in (("before", 0), ("after", 1)):
        assert _act(signoff_dir, verb, die_at=f"{verb}: {edge} commit") == -signal.SIGKILL
        assert place.count(count) == times
        assert event is None or place.count(entries) == times
        place.check()


def _act(directory: Path, verb: str, die_at: str | None = None) -> int:
    environ = {**PLAIN, **({} if die_at is None else {"SIGNOFF_CRASH_AT": die_at})}
    with Forked(str(directory), verb, cwd=directory.parent, env=environ, program=PROGRAM) as process:
        process.communicate(WAIT_S)
    return process.wait()
