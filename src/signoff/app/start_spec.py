"""Start the run of a spec: at its first step, or at a later one when every gate before that has been passed.

What counts as passed is an approval in an earlier run of the same text, in the same repository and under the same
policies. An override goes past what is left: each such gate is opened and decided at once, in the role for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from signoff.app.legs import order_gate_leg
from signoff.app.open_gate import make_gate, record_gate
from signoff.app.override_gate import take_override
from signoff.app.spans import use_case
from signoff.app.start_run import new_run, record_start
from signoff.app.world import World
from signoff.errors import CallerError
from signoff.gates.gate import Gate
from signoff.gates.prompt import APPROVE, build_prompt
from signoff.gates.requirement import OVERRIDE_ROLE, Actor
from signoff.plans import plan as plans
from signoff.plans.plan import GateNode, Plan
from signoff.plans.run import Run
from signoff.plans.spec.plan import DOOR, gates_before
from signoff.plans.spec.prompt import StepFacts, gate_prompt
from signoff.plans.walk import gate_keys

if TYPE_CHECKING:
    from signoff.app.ports.reader import Reader
    from signoff.app.ports.writer import Writer

PARTITION = "specs"
RUNS_LOOKED_AT = 100


@use_case
def start_spec(
    world: World, plan: Plan, *, actor: Actor, start: str | None = None, override_reason: str | None = None
) -> Run:
    """The new run. `start` is the node to start at, the plan's first without it.

    Raises:
        CallerError: (`gates-not-passed`) a gate before the start has not been passed, and there is no override.
        NotEntitledError, RequirementError: the override cannot be taken. Nothing is written.
    """
    workflow_id = f"sp_{world.new_id()}"
    begun = plan if start is None else replace(plan, start=plan.node(start).id)
    now = world.clock()
    run = new_run(
        begun,
        workflow_id=workflow_id,
        intent_id=None,
        door=DOOR,
        now=now,
        queue_partition_key=PARTITION,
        requested_by=actor.name,
        subject=plan.about["spec"],
    )
    with world.ledger.write(workflow_id, "start_spec") as tx:
        before = gates_before(plan, begun.start)
        passed = _passed(tx, plan, before)
        open_ones = [node for node in before if node.id not in passed]
        if open_ones and override_reason is None:
            raise _not_passed(open_ones)
        counted = {node_id: f"{gate.workflow_id} {gate.gate_key}" for node_id, gate in passed.items()}
        record_start(
            tx, run, subject=run.subject, specSha256=plan.about["specSha256"], start=begun.start, passed=counted
        )
        for node in open_ones:
            _override(world, tx, run, plan, node, actor, str(override_reason), now)
    return run


def unfinished(world: World, plan: Plan) -> tuple[Run | None, list[Run]]:
    """The newest run of this very plan's subject that has not ended, to go on with; and those of an earlier text, or of
    another place, that have not ended either: they stay under the plan that their people saw."""
    with world.ledger.read() as tx:
        runs = tx.runs(status=None, door=DOOR, subject=plan.about["spec"], before=None, limit=RUNS_LOOKED_AT)
    going = [run for run in runs if not run.is_finished]
    same = [run for run in going if plans.from_wire(run.plan).about == plan.about]
    return (same[0] if same else None), [run for run in going if run not in same]


def _passed(tx: Reader, plan: Plan, before: Sequence[GateNode]) -> dict[str, Gate]:
    """The gates whose newest decision is an approval, by their node."""
    wanted = {node.id: node for node in before}
    newest: dict[str, Gate] = {}
    for gate in sorted(_decided(tx, plan, wanted), key=lambda gate: gate.decided_at or 0):
        newest[gate.on_decision["node"]] = gate
    return {node_id: gate for node_id, gate in newest.items() if _approves(gate)}


def _decided(tx: Reader, plan: Plan, wanted: Mapping[str, GateNode]) -> list[Gate]:
    if not wanted:
        return []
    found: list[Gate] = []
    for run in tx.runs(status=None, door=DOOR, subject=plan.about["spec"], before=None, limit=RUNS_LOOKED_AT):
        earlier = plans.from_wire(run.plan)
        if earlier.about != plan.about:
            continue
        same = {node_id for node_id, node in wanted.items() if earlier.nodes.get(node_id) == node}
        found.extend(
            gate for gate in tx.gates_of(run.workflow_id) if gate.is_final and gate.on_decision["node"] in same
        )
    return found


def _approves(gate: Gate) -> bool:
    """An override went past a gate; it is no approval of what was before it."""
    if gate.role == OVERRIDE_ROLE:
        return False
    choice = gate.prompt.choice(gate.decision or "")
    return choice is not None and choice.effect == APPROVE


def _override(
    world: World, tx: Writer, run: Run, plan: Plan, node: GateNode, actor: Actor, reason: str, now: int
) -> None:
    asked = gate_prompt(plan.step(str(node.prompt_from)).params, plan.about, facts=StepFacts())
    draft = {**asked, "body": f"The run began after this gate; nothing of this step was done in it.\n\n{asked['body']}"}
    gate = make_gate(
        workflow_id=run.workflow_id,
        gate_key=gate_keys(node, run.id, run.attempt)[0],
        run_id=run.id,
        prompt=build_prompt(draft, requirement=node.requirement, ttl_s=node.ttl_s, now=now),
        requirement=node.requirement,
        requested_by=node.requested_by,
        on_decision={"kind": "continue", "node": node.id, "attempt": run.attempt},
    )
    record_gate(tx, gate, actor=actor.name, is_automatic=True)
    take_override(world, tx, gate, actor=actor, reason=reason, origin="console", now=now)
    order_gate_leg(tx, run, gate.gate_key, attempt=run.attempt, is_way_on=False, now=now)


def _not_passed(nodes: Sequence[GateNode]) -> CallerError:
    names = ", ".join(f"{node.label} ({node.id.partition(':')[0]})" for node in nodes)
    return CallerError(
        f"The run may not start there: not passed yet is {names}.",
        code="gates-not-passed",
        details={"gates": [node.id for node in nodes]},
    )
