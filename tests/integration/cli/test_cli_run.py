"""`signoff run`, on a ledger whose legs the tests walk by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli_shell import Shell

from signoff.app.advance_run import do_task, walk, walk_on
from signoff.app.legs import leg_from_wire
from signoff.app.world import World
from signoff.bootstrap.world import open_world
from signoff.runners.compile_default import CompileDefaultSteps
from signoff.runners.replay import ReplayAgent
from signoff.runners.sandbox import MockSandbox
from signoff.runners.worktree import ScratchWorkTree
from signoff.settings import load


def _walk(shell: Shell) -> None:
    """Do what a worker would: every leg that the ledger has ordered, to its end."""
    settings = load({}, shell.environ, cwd=shell.directory)
    work_tree = ScratchWorkTree(shell.directory / ".signoff" / "work")
    steps = CompileDefaultSteps(ReplayAgent(), work_tree, MockSandbox())
    with open_world(settings) as world:
        outbox: Any = world.ledger
        while claimed := outbox.claim_outbox(now=world.clock(), worker="test", lapse_ms=1000, limit=10):
            for row in claimed:
                if row["kind"] == "continue":
                    _walk_leg(world, steps, row["payload"])
                outbox.finish_outbox([row["id"]], now=world.clock())


def _walk_leg(world: World, steps: CompileDefaultSteps, payload: Mapping[str, Any]) -> None:
    leg = leg_from_wire(payload)
    stop = walk(world, steps, leg, _unheard)
    while "tasks" in stop:
        results = [do_task(world, steps, leg, stop["last"], task) for task in stop["tasks"]]
        stop = walk_on(world, steps, leg, _unheard, stop, results)


def _unheard(key: str, value: Any) -> None:
    """Where the engine would publish an event."""


def _start(shell: Shell, *words: str) -> str:
    return str(shell.json("run", "start", "Add a health check", *words)["workflowID"])


def test_a_run_starts_stops_at_its_gate_and_ends_with_an_approval(any_shell: Shell) -> None:
    any_shell.json("db", "upgrade")
    started = any_shell("run", "start", "Add a health check", "--partition", "team-a", "--concurrency", "2")
    run_id = started.out.strip()
    assert f"signoff run watch {run_id}" in started.err
    _walk(any_shell)
    at_gate = any_shell("run", "watch", run_id, "--until", "gate")
    assert at_gate.code == 3
    (gate,) = any_shell.json("run", "show", run_id)["gates"]
    assert f"signoff gate show {run_id} {gate['gateKey']}" in at_gate.out
    assert any_shell("gate", "approve", gate["gateKey"]).code == 0
    _walk(any_shell)
    ended = any_shell("run", "watch", run_id)
    assert ended.code == 0
    assert "ExecuteST done" in ended.out
    assert ended.out.splitlines()[-1].endswith("SUCCESS")
    shown = any_shell("run", "show", run_id).out
    assert "CompileST" in shown
    assert "RECEIVED" in shown


def test_a_refused_run_is_a_failure_and_can_be_retried(shell: Shell) -> None:
    run_id = _start(shell)
    _walk(shell)
    (gate,) = shell.json("run", "show", run_id)["gates"]
    shell("gate", "reject", gate["gateKey"], "--rationale", "too risky")
    _walk(shell)
    ended = shell("run", "watch", run_id, "--json")
    assert (ended.code, ended.document["status"]) == (1, "ERROR")
    assert "too risky" in shell("run", "list").out
    assert shell.json("run", "retry", run_id)["status"] == "ENQUEUED"
    assert shell("run", "retry", run_id).code == 4


def test_a_cancelled_run_takes_its_gates_with_it(shell: Shell) -> None:
    run_id = _start(shell)
    _walk(shell)
    (gate,) = shell.json("run", "show", run_id)["gates"]
    assert shell.json("run", "cancel", run_id, "--reason", "not wanted")["status"] == "CANCELLED"
    assert shell("run", "watch", run_id).code == 1
    answer = shell("gate", "approve", gate["gateKey"], "--json")
    assert (answer.code, answer.document["code"]) == (4, "gate-cancelled")


def test_inputs_and_constraints_reach_the_intent(shell: Shell) -> None:
    words = ["--input", '{"service": "billing"}', "--constraint", "planApprovalTimeoutS=600"]
    _start(shell, *words, "--constraints", '{"askUser": true}')
    stored = shell.json("db", "sql", "SELECT inputs, constraints FROM app.intents")["rows"]
    assert stored == [['{"service":"billing"}', '{"askUser":true,"planApprovalTimeoutS":600}']]


def test_runs_are_listed_newest_first(shell: Shell) -> None:
    older, newer = _start(shell), _start(shell)
    first = shell.json("run", "list", "--limit", "1")
    rest = shell.json("run", "list", "--cursor", first["nextCursor"])
    assert [view["workflowID"] for view in first["items"] + rest["items"]] == [newer, older]
    assert shell.json("run", "list", "--status", "SUCCESS")["items"] == []


def test_what_cannot_be_started_or_found_is_bad_input(shell: Shell) -> None:
    _start(shell)
    cases = {
        "invalid-goal": ["start", " "],
        "malformed-json": ["start", "x", "--input", "{"],
        "invalid-input": ["start", "x", "--input", "[]"],
        "invalid-constraints": ["start", "x", "--constraint", "nonsense=1"],
        "queue_policy_violation": ["start", "x", "--partition", " "],
        "usage": ["start", "x", "--concurrency", "101"],
        "run-not-found": ["show", "it_nothing"],
    }
    for code, words in cases.items():
        answer = shell("run", *words, "--json")
        assert (answer.code, answer.document["code"]) == (2, code)
    for command in ("watch", "cancel", "retry"):
        assert shell("run", command, "it_nothing").code == 2
