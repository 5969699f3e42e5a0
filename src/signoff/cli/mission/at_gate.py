"""At a mission's gate: where it can be answered, and for whoever waits the answer and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from signoff.cli.call import Call
from signoff.cli.output import hint, note, say, time_left
from signoff.cli.terminal import is_attended, one_line

if TYPE_CHECKING:
    from signoff.app.asked import Asked
    from signoff.app.world import World
    from signoff.sdk.backend import Backend, Wire

LOOK_S = 1.0


def waits(call: Call, *, is_waiting: bool, is_left: bool) -> bool:
    """Whether the command stays: it was told to, or somebody sits here and can be asked."""
    return is_waiting or (is_attended() and not call.is_json and not is_left)


def see_through(call: Call, world: World, asked: Asked, *, actor: str) -> Asked:
    """Ask whoever sits here, or wait for others, then have done what follows from the answer; how it stands then.

    Raises:
        KeyboardInterrupt: the person left; the gate stays open.
    """
    from signoff.app.walk_gate_leg import walk_gate_leg
    from signoff.bootstrap.steps import make_mission_steps
    from signoff.sdk.ledger_backend import LedgerBackend
    from signoff.sdk.wait import wait_until_final

    backend = LedgerBackend(world, actor=actor)
    view = backend.gate(asked.run.workflow_id, asked.gate.gate_key)
    if view["state"] == "PENDING" and is_attended() and not call.is_json:
        view = _ask(backend, view, actor)
    elif view["state"] == "PENDING":
        note(f"Waiting for a person: {one_line(view['prompt']['title'])}")
        view = wait_until_final(backend, view, look_s=LOOK_S)
    now = _look(world, asked)
    if not now.gate.is_final or now.run.is_finished:
        return now
    # Nobody knows whether a worker runs; if one does, both come to the same end.
    walk_gate_leg(world, make_mission_steps(world), now)
    return _look(world, now)


def draw_where(call: Call, asked: Asked, now: int) -> None:
    """What waits, for how long, and the commands that answer it.

    Args:
        now: by the ledger's clock, which said when it ends.
    """
    from signoff.app.views import gate_view
    from signoff.cli.gate.answering import answering_commands

    view = gate_view(asked.gate)
    where = (asked.run.workflow_id, asked.gate.gate_key)
    say(f"{one_line(view['prompt']['title'])}: open, {time_left(view['deadlineAt'] - now)} left", bold=True)
    hint(f"Read it: {call.again('gate', 'show', *where)}")
    say("Answer with")
    for command in answering_commands(call, where, view):
        say(f"  {command}")


def gate_document(asked: Asked) -> dict[str, Any]:
    """Where the gate is, and what became of it."""
    receipt = asked.gate.receipt() if asked.gate.is_final else None
    return {
        "workflowID": asked.run.workflow_id,
        "gateKey": asked.gate.gate_key,
        "state": asked.gate.state.value,
        "deadlineAt": asked.gate.deadline_at,
        "receipt": None if receipt is None else receipt.to_wire(),
    }


def _ask(backend: Backend, view: Wire, actor: str) -> Wire:
    from signoff.cli.console.asking import ask_at_console
    from signoff.cli.gate.text import draw_gate

    draw_gate(view, [], [], backend.now())
    ask_at_console(backend, view, actor=actor)
    return backend.gate(view["workflowID"], view["gateKey"])


def _look(world: World, asked: Asked) -> Asked:
    from signoff.app.asked import Asked
    from signoff.app.find import find_gate, find_run

    workflow_id = asked.run.workflow_id
    return Asked(find_run(world, workflow_id), find_gate(world, workflow_id, asked.gate.gate_key), asked.is_new)
