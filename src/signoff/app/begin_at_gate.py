"""Begin a run at its gate, which is open as soon as the run is there: asking takes no worker.

What is asked about names the run, so that asking again, also at the same moment, finds the one question. A question
that ended without letting the run go on is asked anew, in a run of its own: `name`, then `name-2`, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from signoff.app.asked import Asked
from signoff.app.gate_clock import after_of
from signoff.app.open_gate import make_gate, record_gate
from signoff.app.run_record import artifact_rows
from signoff.app.start_run import new_run, record_start
from signoff.app.steps import Artifact
from signoff.app.world import World
from signoff.gates.gate import Gate
from signoff.gates.prompt import build_prompt
from signoff.gates.terms import PLAIN, Terms
from signoff.plans.plan import GateNode, Plan
from signoff.plans.run import Run, Status
from signoff.plans.walk import gate_keys

if TYPE_CHECKING:
    from signoff.app.ports.reader import Reader
    from signoff.app.ports.writer import Writer


@dataclass(frozen=True)
class Beginning:
    """How a run begins. `artifacts` are kept with it for whoever is asked; `risk_level` and `terms` are a policy's."""

    door: str
    partition: str
    subject: str
    actor: str
    artifacts: Sequence[Artifact] = ()
    risk_level: str | None = None
    terms: Terms = PLAIN


def begin_at_gate(world: World, name: str, plan: Plan, beginning: Beginning) -> Asked:
    """The question under this name: the one that is open or was answered so that its run goes on, else a new one.

    Raises:
        InvalidInputError: (`invalid-prompt`) nothing is written.
    """
    workflow_id = _name_in_force(world, name)
    with world.ledger.write(workflow_id, "begin_at_gate") as tx:
        return _asked(tx, workflow_id) or _begin(world, tx, workflow_id, plan, beginning)


def find_asked(world: World, name: str) -> Asked | None:
    """The newest question under this name, however it ended; a deadline that has passed has ended it."""
    newest = None
    for candidate in _names(name):
        found = _look(world, candidate)
        if found is None:
            break
        newest = found
    return newest


def _name_in_force(world: World, name: str) -> str:
    """That of the newest question where it counts, else the first that is free."""
    newest = find_asked(world, name)
    if newest is not None and not newest.is_spent:
        return newest.run.workflow_id
    return next(candidate for candidate in _names(name) if _look(world, candidate) is None)


def _names(name: str) -> Iterator[str]:
    return (name if n == 1 else f"{name}-{n}" for n in count(1))


def _look(world: World, workflow_id: str) -> Asked | None:
    with world.ledger.read() as tx:
        asked = _asked(tx, workflow_id)
    if asked is None or asked.gate.is_final:
        return asked
    from signoff.app.expire import expire_if_due

    expire_if_due(world, workflow_id, asked.gate.gate_key)
    with world.ledger.read() as tx:
        return _asked(tx, workflow_id)


def _asked(tx: Reader, workflow_id: str) -> Asked | None:
    run, gates = tx.run(workflow_id), tx.gates_of(workflow_id)
    return Asked(run, gates[-1]) if run is not None and gates else None


def _begin(world: World, tx: Writer, workflow_id: str, plan: Plan, beginning: Beginning) -> Asked:
    now = world.clock()
    node = plan.gate(plan.start)
    begun = new_run(
        plan,
        workflow_id=workflow_id,
        intent_id=None,
        door=beginning.door,
        now=now,
        queue_partition_key=beginning.partition,
        requested_by=beginning.actor,
        subject=beginning.subject,
    )
    run = replace(begun, status=Status.WAITING_INPUT, next_action=node.next_action)
    record_start(tx, run, subject=run.subject)
    tx.insert_artifacts(artifact_rows(run, node.id, run.attempt, beginning.artifacts, now=now))
    gate = record_gate(
        tx,
        _gate(world, run, node, beginning, now),
        actor=beginning.actor,
        is_automatic=node.automatic is not None,
        after=after_of(world, beginning.terms),
    )
    if node.automatic is not None:
        from signoff.app.decide_by_policy import decide_by_policy

        gate = decide_by_policy(world, tx, gate, policy=node.automatic, payload={"approved": True}, now=now)
    return Asked(tx.run(workflow_id) or run, gate, is_new=True)


def _gate(world: World, run: Run, node: GateNode, beginning: Beginning, now: int) -> Gate:
    after = after_of(world, beginning.terms)
    prompt = build_prompt(node.prompt or {}, requirement=node.requirement, ttl_s=node.ttl_s, now=now, after=after)
    return make_gate(
        workflow_id=run.workflow_id,
        gate_key=gate_keys(node, run.id, run.attempt)[0],
        run_id=run.id,
        prompt=prompt,
        requirement=node.requirement,
        requested_by=node.requested_by,
        risk_level=beginning.risk_level,
        on_decision={"kind": "continue", "node": node.id, "attempt": run.attempt},
        ladder=node.ladder,
        terms=beginning.terms,
        after=after,
    )
