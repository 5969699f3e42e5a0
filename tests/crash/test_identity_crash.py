"""A command that is killed while it makes somebody known, or a server while it records a refusal, has done all of it or
nothing."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import WAIT_S, Place

ENTRIES = "SELECT n, event, actor FROM app.audit_entries WHERE workflow_id = 'identity' ORDER BY n"


@dataclass(frozen=True)
class Act:
    """What is done beforehand, what is done, and what both say of how often it was done."""

    before: tuple[tuple[str, ...], ...]
    words: tuple[str, ...]
    count: str
    event: str


ADA, BOB = ("principal", "add", "ada"), ("principal", "add", "bob")
ACTS = {
    "add_principal": Act((), ADA, "SELECT COUNT(*) FROM app.principals", "principal.added"),
    "disable_principal": Act(
        (ADA,),
        ("principal", "disable", "ada"),
        "SELECT COUNT(*) FROM app.principals WHERE disabled_at IS NOT NULL",
        "principal.disabled",
    ),
    "change_principal": Act(
        (ADA,),
        ("principal", "change", "ada", "--role", "lead"),
        "SELECT COUNT(*) FROM app.principals WHERE CAST(roles AS TEXT) LIKE '%lead%'",
        "principal.changed",
    ),
    "delegate": Act(
        (ADA, BOB),
        ("principal", "delegate", "ada", "bob", "--until", "3d"),
        "SELECT COUNT(*) FROM app.delegations",
        "principal.delegated",
    ),
    "create_token": Act((ADA,), ("token", "create", "ada"), "SELECT COUNT(*) FROM app.tokens", "token.created"),
    "revoke_token": Act(
        (ADA, ("token", "create", "ada")),
        ("token", "revoke", "ID"),
        "SELECT COUNT(*) FROM app.tokens WHERE revoked_at IS NOT NULL",
        "token.revoked",
    ),
}


@pytest.mark.parametrize("edge", ["before", "after"])
@pytest.mark.parametrize("verb", ACTS)
def test_a_command_that_dies_has_done_all_of_it_or_nothing(signoff_dir: Path, verb: str, edge: str) -> None:
    place, act = Place(signoff_dir), ACTS[verb]
    for earlier in act.before:
        assert place.command(*earlier).code == 0
    words = [_token_id(place) if word == "ID" else word for word in act.words]
    died = replace(place, environ={"SIGNOFF_CRASH_AT": f"{verb}: {edge} commit"}).command(*words)
    assert died.code == -signal.SIGKILL
    assert died.out == "", "a token that was not shown is nobody's"
    times = 0 if edge == "before" else 1
    assert (place.count(act.count), _told(place).count(act.event)) == (times, times)
    place.check()
    again = place.command(*words)
    assert place.count(act.count) >= 1
    assert again.code == (4 if (verb, edge) == ("add_principal", "after") else 0), again
    place.check()


@pytest.mark.parametrize("edge", ["before", "after"])
def test_a_server_that_dies_over_the_record_of_a_refusal_has_refused(signoff_dir: Path, edge: str) -> None:
    place = Place(signoff_dir)
    assert place.command(*ADA).code == 0
    assert place.command("token", "create", "ada").code == 0
    with place.start("up", environ={"SIGNOFF_CRASH_AT": f"record_refusal: {edge} commit"}) as server:
        with pytest.raises(httpx.TransportError):
            server.client.post("/api/intents", json={"goal": "x"})
        assert server.process.wait(WAIT_S) == -signal.SIGKILL
    assert _told(place).count("access.refused") == (0 if edge == "before" else 1)
    assert place.count("SELECT COUNT(*) FROM app.intents") == 0
    place.check()


def _told(place: Place) -> list[Any]:
    return [event for _, event, _ in place.rows(ENTRIES)]


def _token_id(place: Place) -> str:
    return str(place.rows("SELECT id FROM app.tokens")[0][0])
