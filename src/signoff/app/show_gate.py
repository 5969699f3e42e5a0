"""Show a gate to somebody who may answer it: everything that is known of it, read at one instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.app.find import the_gate
from signoff.app.search_audit import SEQ_MAX
from signoff.app.world import World
from signoff.audit.entry import Entry
from signoff.errors import NotEntitledError
from signoff.gates.gate import Gate, in_own_name
from signoff.gates.interaction import Interaction
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.gates.name import is_same
from signoff.gates.prompt import APPROVE
from signoff.gates.requirement import Actor, check_entitled, places_left
from signoff.plans.run import Run

if TYPE_CHECKING:
    from signoff.app.ports import Row


ENTRIES_MAX = 200


@dataclass(frozen=True)
class Shown:
    """`answers` and the newest `entries` in their order; `artifacts` are what its run has kept; `places_left` what the
    choice that is closest to an approval lacks. `why_not_approve` and `why_not_answer` say what the rules say to this
    actor, None where they have nothing to say; a reply asks them again."""

    gate: Gate
    run: Run | None
    answers: Sequence[Interaction]
    entries: Sequence[Entry]
    artifacts: Sequence[Row]
    places_left: Mapping[str, int]
    why_not_answer: str | None
    why_not_approve: str | None


def show_gate(world: World, workflow_id: str, gate_key: str, actor: Actor) -> Shown:
    """
    Raises:
        NotFoundError: `run-not-found`, `gate-not-found`.
    """
    check_workflow_id(workflow_id)
    check_gate_key(gate_key)
    with world.ledger.read() as tx:
        gate = the_gate(tx, workflow_id, gate_key)
        run = tx.run(workflow_id)
        answers = tx.interactions_at(workflow_id, gate_key)
        entries = tx.audit.search_entries(
            workflow_id=workflow_id, gate_key=gate_key, actor=None, event=None, before=SEQ_MAX, limit=ENTRIES_MAX
        )
        artifacts = [] if run is None else tx.artifacts(run.id)
    return Shown(
        gate=gate,
        run=run,
        answers=answers,
        entries=entries[::-1],
        artifacts=artifacts,
        places_left={} if gate.is_final else _places_left(gate, answers),
        why_not_answer=_why_not(gate, actor, approves=False),
        why_not_approve=_why_not(gate, actor, approves=True),
    )


def _places_left(gate: Gate, answers: Sequence[Interaction]) -> Mapping[str, int]:
    left = [
        places_left(gate.requirement, [one.answerer for one in answers if one.choice == choice.key])
        for choice in gate.prompt.choices
        if choice.effect == APPROVE
    ]
    return min(left, key=lambda places: sum(places.values()))


def _why_not(gate: Gate, actor: Actor, *, approves: bool) -> str | None:
    if approves:
        actor = in_own_name(actor, gate)
    try:
        check_entitled(gate.requirement, actor, is_requester=is_same(actor.name, gate.requested_by), approves=approves)
    except NotEntitledError as error:
        return error.message
    return None
