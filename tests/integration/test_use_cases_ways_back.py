"""Runs that are led back to an earlier part of their plan: by a choice, or by a step that finds something changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from use_case_worlds import say, walk, work

from signoff.app.find import find_gates_of, find_run, find_steps
from signoff.app.start_run import new_run, record_start
from signoff.app.steps import StepContext, StepResult
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.gates.prompt import APPROVE, FIX
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger
from signoff.plans.plan import GateNode, Node, StepNode, make_plan
from signoff.plans.run import Run, Status

CHOICES = [
    {"key": "yes", "label": "Yes", "effect": "approve"},
    {"key": "fix", "label": "Fix it", "effect": "fix"},
]


class Work:
    """Makes a draft, which is better each time; `ship` goes back as often as it is told to."""

    def __init__(self, *, goes_back: int = 0) -> None:
        self.done: list[tuple[str, int]] = []
        self._goes_back = goes_back

    def perform(self, action: str, context: StepContext) -> StepResult:
        self.done.append((action, context.attempt))
        if action == "make":
            draft = context.outputs.get("make", {}).get("draft", 0) + 1
            return StepResult({"draft": draft, "told": context.outputs.get("review", {}).get("rationale")})
        if action == "show":
            title = f"Draft {context.outputs['make']['draft']}"
            return StepResult({"prompt": {"title": title, "choices": CHOICES}})
        if action == "begin":
            return StepResult({})
        self._goes_back -= 1
        return StepResult({}, leads_back=self._goes_back >= 0)

    def undo(self, action: str, context: StepContext) -> StepResult:
        raise AssertionError("nothing here is undone")

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        raise AssertionError("nothing here has tasks")


def start(world: World, *, again: str | None = "show") -> Run:
    nodes: list[Node] = [
        StepNode("begin", "begin", "make"),
        StepNode("make", "make", "show"),
        StepNode("show", "show", "review"),
        GateNode("review", "review", "Review", {APPROVE: "ship", FIX: "make"}, 60, prompt_from="show"),
        StepNode("ship", "ship", None, again=again),
    ]
    plan = make_plan("draft", nodes)
    run = new_run(
        plan, workflow_id="wf-1", intent_id=None, door="spec", now=1, queue_partition_key="t", requested_by="ada"
    )
    with world.ledger.write(run.workflow_id, "start_run") as tx:
        record_start(tx, run)
    return run


def answer(world: World, choice: str, **more: Any) -> None:
    [gate] = [gate for gate in find_gates_of(world, "wf-1") if not gate.is_final]
    said = {"choice": choice, **more}
    say(world, payload=said, gate_key=gate.gate_key, dedupe_key=gate.gate_key)


def test_a_choice_to_fix_does_that_part_anew_and_asks_again(world: World, database: Database) -> None:
    steps, ledger = Work(), SqlLedger(database)
    start(world)
    work(world, ledger, steps)
    for rationale in ("too short", "too long"):
        answer(world, "fix", rationale=rationale)
        work(world, ledger, steps)
    gates = sorted(find_gates_of(world, "wf-1"), key=lambda gate: int(gate.on_decision["attempt"]))
    assert [gate.prompt.title for gate in gates] == ["Draft 1", "Draft 2", "Draft 3"]
    assert [gate.decision for gate in gates] == ["fix", "fix", None]
    answer(world, "yes")
    work(world, ledger, steps)
    assert find_run(world, "wf-1").status is Status.SUCCESS
    # What came before the part is not done again; what was said at the gate reaches who does it again.
    made = [("make", 1), ("show", 1), ("make", 2), ("show", 2), ("make", 3), ("show", 3)]
    assert steps.done == [("begin", 1), *made, ("ship", 3)]
    told = [row["output"]["told"] for row in find_steps(world, "wf-1") if row["step_id"] == "make"]
    assert told == [None, "too short", "too long"]
    assert verify_audit(world).is_clean


def test_a_step_that_finds_something_changed_has_it_shown_again(world: World, database: Database) -> None:
    steps, ledger = Work(goes_back=1), SqlLedger(database)
    start(world)
    work(world, ledger, steps)
    answer(world, "yes")
    work(world, ledger, steps)
    assert find_run(world, "wf-1").status is Status.WAITING_INPUT
    answer(world, "yes")
    work(world, ledger, steps)
    assert find_run(world, "wf-1").status is Status.SUCCESS
    assert steps.done[1:] == [("make", 1), ("show", 1), ("ship", 1), ("show", 2), ("ship", 2)]


def test_a_leg_that_is_walked_again_after_the_run_was_led_back_does_nothing(world: World, database: Database) -> None:
    steps, ledger = Work(), SqlLedger(database)
    start(world)
    work(world, ledger, steps)
    answer(world, "fix")
    legs = work(world, ledger, steps)
    before = (find_run(world, "wf-1"), list(steps.done))
    for leg in legs:
        walk(world, leg, steps)
    assert (find_run(world, "wf-1"), steps.done) == before


def test_a_step_without_a_way_back_fails_its_run_and_lets_nothing_through(world: World, database: Database) -> None:
    steps, ledger = Work(goes_back=1), SqlLedger(database)
    start(world, again=None)
    work(world, ledger, steps)
    answer(world, "yes")
    work(world, ledger, steps)
    run = find_run(world, "wf-1")
    assert (run.status, run.last_step) == (Status.ERROR, "show")
    assert "its plan does not say where" in str(run.error)
