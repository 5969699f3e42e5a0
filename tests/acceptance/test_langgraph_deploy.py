"""The example with LangGraph, as processes: killed, raced, answered from other terminals."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from forked import Forked
from processes import PLAIN, WAIT_S, Place, until

PROGRAM = Path(__file__).parents[2] / "examples" / "langgraph_deploy.py"
THREAD = "deploy-1.4"
PASSES = "SELECT COUNT(*) FROM app.audit_entries WHERE event = 'gate.passed'"


@pytest.fixture
def place(signoff_dir: Path, database_url: str | None) -> Place:
    """The threads are in the same kind of database as the ledger."""
    place = Place(signoff_dir, database_url)
    if database_url is not None:
        assert place.command("db", "upgrade").code == 0
    return place


@contextmanager
def started(place: Place, *flags: str, environ: Mapping[str, str] | None = None) -> Iterator[Forked]:
    threads = [] if place.database_url is None else ["--checkpoints", place.database_url]
    words = [*place.flags, *threads, "--actor", "robot", *flags]
    folder = place.directory.parent
    folder.mkdir(parents=True, exist_ok=True)
    with Forked(*words, cwd=folder, env={**PLAIN, **(environ or {})}, program=PROGRAM) as process:
        try:
            yield process
        finally:
            process.kill()


def asked(place: Place) -> str:
    """The key of the gate, once it is open and the thread stands before it."""
    with started(place, "--request-only") as process:
        out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    assert out.startswith("waiting: signoff gate approve")
    return out.split()[5]


def approve(place: Place, gate_key: str) -> int:
    code: int = place.command("gate", "approve", THREAD, gate_key, "--rationale", "tested").code
    return code


def ended(process: Forked) -> tuple[int, str]:
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode in (0, 1), err
    return process.returncode, out.splitlines()[-1]


def deployments(place: Place) -> list[str]:
    log = place.directory.parent / "deployments.log"
    return log.read_text().splitlines() if log.exists() else []


def test_it_waits_for_the_answer_and_deploys(place: Place) -> None:
    with started(place) as process:
        words = process.stdout.readline().split()
        assert words[:2] == ["waiting:", "signoff"]
        # As it is shown, with a reason in the place of TEXT.
        assert place.command(*words[2:-1], "tested").code == 0
        assert ended(process) == (0, "deployed")
    ((interaction_id,),) = place.rows("SELECT id FROM app.human_interactions")
    assert deployments(place) == [f"Deploy 1.4 to production {interaction_id}"]
    place.check()


def test_a_refusal_deploys_nothing(place: Place) -> None:
    gate_key = asked(place)
    assert place.command("gate", "reject", THREAD, gate_key, "--rationale", "not today").code == 0
    with started(place) as process:
        assert ended(process) == (1, "not deployed")
    assert deployments(place) == []


@pytest.mark.parametrize("moment", ["claim_thread: after commit", "let_through: before commit"])
def test_killed_between_the_decision_and_the_resume_it_deploys_once_when_it_is_started_again(
    place: Place, moment: str
) -> None:
    gate_key = asked(place)
    with started(place, environ={"SIGNOFF_CRASH_AT": moment}) as process:
        assert approve(place, gate_key) == 0
        assert process.wait(WAIT_S) == -signal.SIGKILL
    assert deployments(place) == []
    with started(place) as process:
        assert ended(process) == (0, "deployed")
    assert len(deployments(place)) == 1
    assert place.count(PASSES) == 1
    with started(place) as process:
        assert ended(process) == (0, "deployed")
    assert len(deployments(place)) == 1
    place.check()


def test_decided_while_nobody_was_there_it_deploys_once_when_it_is_started_again(place: Place) -> None:
    with started(place) as process:
        gate_key = process.stdout.readline().split()[5]
        process.kill()
    assert approve(place, gate_key) == 0
    with started(place) as process:
        assert ended(process) == (0, "deployed")
    assert len(deployments(place)) == 1


def test_four_racing_approvals_and_four_resumers_are_one_deployment_and_three_conflicts(place: Place) -> None:
    gate_key = asked(place)
    with started(place) as one, started(place) as two, started(place) as three, started(place) as four:
        processes = (one, two, three, four)
        for process in processes:
            assert process.stdout.readline().startswith("waiting:")
        answers = [
            place.begin("gate", "approve", THREAD, gate_key, "--rationale", "tested", "--as", name)
            for name in ("ada", "bob", "cyd", "dan")
        ]
        codes = sorted(answer().code for answer in answers)
        assert codes == [0, 4, 4, 4]
        assert [ended(process) for process in processes] == [(0, "deployed")] * 4
    assert len(deployments(place)) == 1
    assert place.count("SELECT COUNT(*) FROM app.human_interactions") == 1
    assert place.count(PASSES) == 1
    place.check()


def test_killed_before_it_stopped_for_people_it_asks_the_same_question_again(place: Place) -> None:
    with started(place, environ={"SIGNOFF_CRASH_AT": "open_gate: after commit"}) as process:
        assert process.wait(WAIT_S) == -signal.SIGKILL
    ((gate_key,),) = place.rows("SELECT gate_key FROM app.human_gates")
    # Decided before any interrupt is saved.
    assert approve(place, gate_key) == 0
    with started(place) as process:
        assert ended(process) == (0, "deployed")
    assert place.rows("SELECT gate_key FROM app.human_gates") == [[gate_key]]
    assert len(deployments(place)) == 1
    until(lambda: place.rows("SELECT 1 FROM app.resumptions WHERE state = 'done'"), "the record of it")
