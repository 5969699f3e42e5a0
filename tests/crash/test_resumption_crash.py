"""Whoever resumes a graph's thread is killed at every commit of that, and the effect behind the gate comes once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from forked import Forked
from processes import PLAIN, WAIT_S, Place

PROGRAM = Path(__file__).with_name("graph_program.py")
PASSES = "SELECT COUNT(*) FROM app.audit_entries WHERE event = 'gate.passed'"
ENDS = "SELECT state FROM app.resumptions"


def run(place: Place, verb: str, crash_at: str | None = None) -> int:
    environ = {**PLAIN, **({} if crash_at is None else {"SIGNOFF_CRASH_AT": crash_at})}
    folder = place.directory.parent
    with Forked(str(folder), verb, cwd=folder, env=environ, program=PROGRAM) as process:
        process.communicate(WAIT_S)
    return process.wait()


@pytest.fixture
def place(signoff_dir: Path) -> Place:
    """With a thread that stopped at its gate, which is decided."""
    place = Place(signoff_dir)
    assert run(place, "ask") == 0
    ((gate_key,),) = place.rows("SELECT gate_key FROM app.human_gates")
    assert place.command("gate", "approve", "t-1", gate_key, "--as", "ada").code == 0
    return place


def effects(place: Place) -> int:
    file = place.directory.parent / "effects"
    return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.mark.parametrize("edge", ["before", "after"])
@pytest.mark.parametrize("verb", ["claim_thread", "let_through", "settle_thread"])
def test_a_thread_whose_resumer_dies_is_resumed_by_the_next_one(place: Place, verb: str, edge: str) -> None:
    assert run(place, "resume", f"{verb}: {edge} commit") == -signal.SIGKILL
    assert effects(place) == (1 if verb == "settle_thread" else 0)
    place.check()
    # At once: that the claim's process is gone can be seen, so that nobody waits for it to lapse.
    assert run(place, "resume") == 0
    assert effects(place) == 1
    assert place.rows(ENDS) == [["done"]]
    # Each time that a gate let its node go on is in the record.
    assert place.count(PASSES) == (2 if (verb, edge) == ("let_through", "after") else 1)
    place.check()
    assert run(place, "resume") == 0
    assert effects(place) == 1


@pytest.mark.parametrize("edge", ["before", "after"])
def test_a_resumer_that_dies_while_it_holds_its_claim_leaves_the_rest_to_the_next_one(place: Place, edge: str) -> None:
    hold = place.directory.parent / "hold"
    hold.touch()
    assert run(place, "resume", f"hold_thread: {edge} commit") == -signal.SIGKILL
    assert effects(place) == 0
    # It may have died behind the gate, or on its way to it.
    passes = place.count(PASSES)
    hold.unlink()
    assert run(place, "resume") == 0
    # That it went on behind the gate is in the record, also where it was the second time.
    assert (effects(place), place.count(PASSES), place.rows(ENDS)) == (1, passes + 1, [["done"]])
    place.check()


@pytest.mark.parametrize("edge", ["before", "after"])
def test_a_retry_that_dies_has_been_made_or_can_be_made_again(place: Place, edge: str) -> None:
    broken = place.directory.parent / "broken"
    broken.touch()
    assert run(place, "resume") == 0
    assert place.rows(ENDS) == [["failed"]]
    broken.unlink()
    assert run(place, "retry", f"retry_thread: {edge} commit") == -signal.SIGKILL
    assert place.rows(ENDS) == [["failed" if edge == "before" else "due"]]
    assert run(place, "retry") == 0
    assert run(place, "resume") == 0
    assert (effects(place), place.rows(ENDS)) == (1, [["done"]])
    place.check()
