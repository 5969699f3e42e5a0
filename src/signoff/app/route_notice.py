"""Route a notice: which targets are told of an event of a gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.app.notify_gate import OVERRIDDEN
from signoff.app.world import World
from signoff.gates.digest import sha256_hex
from signoff.gates.gate import Gate
from signoff.gates.requirement import ANYONE

if TYPE_CHECKING:
    from signoff.app.ports import Row
    from signoff.app.ports.ledger import Outbox
    from signoff.app.ports.reader import Reader

#: The door of a gate that somebody else's workflow opened, beside those of signoff's own runs.
OUTSIDE = "outside"


@dataclass(frozen=True)
class Target:
    """Somebody to tell, in the words of one channel: an address, a room. A name `${...}` in it stands for a secret and
    is looked up where it is used, so that the ledger never holds one."""

    channel: str
    name: str


@dataclass(frozen=True)
class Route:
    """Who is told of which gates. What is empty is no condition."""

    targets: tuple[Target, ...]
    events: tuple[str, ...] = ()
    risk_levels: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()


def targets_of(routes: Sequence[Route], event: str, gate: Gate, *, door: str) -> list[Target]:
    """Each once, in the order of the routes. That somebody went past a gate is told to everybody."""
    told = [route for route in routes if event == OVERRIDDEN or _matches(route, event, gate, door)]
    return list(dict.fromkeys(target for route in told for target in route.targets))


def route_notices(world: World, outbox: Outbox, rows: Sequence[Row], routes: Sequence[Route], *, now: int) -> None:
    """Make deliveries of outbox rows; where no route is, or none fits, the rows are done."""
    with world.ledger.read() as tx:
        told = [*(_overtaken(tx, rows) if routes else []), *rows]
        notices = {row["id"]: _deliveries(tx, row, routes) for row in told}
    outbox.expand_notices(notices, now=now)


def _overtaken(tx: Reader, rows: Sequence[Row]) -> list[Row]:
    """What somebody has claimed and not yet routed, who may be dead, of the same gates: a target is told of a gate in
    the order of its events, so the earlier ones have to be there when the later ones are."""
    gates, claimed = {_place(row) for row in rows}, {row["id"] for row in rows}
    earlier = tx.open_notices(before=max(claimed, default=0))
    return [row for row in earlier if row["id"] not in claimed and _place(row) in gates]


def _place(row: Row) -> tuple[str, str]:
    return row["payload"]["workflowId"], row["payload"]["gateKey"]


def _deliveries(tx: Reader, row: Row, routes: Sequence[Route]) -> list[Row]:
    told = row["payload"]
    gate = tx.gate(told["workflowId"], told["gateKey"]) if routes else None
    if gate is None:
        return []
    return [
        {
            "id": delivery_id(row["dedupe_key"], target),
            "event": told["event"],
            "workflow_id": gate.workflow_id,
            "gate_key": gate.gate_key,
            "channel": target.channel,
            "target": target.name,
        }
        for target in targets_of(routes, told["event"], gate, door=_door(tx, gate))
    ]


def delivery_id(notice_key: str, target: Target) -> str:
    """The same whoever makes it, and at every try: receivers drop repeats by it."""
    return "nd_" + sha256_hex("\n".join((notice_key, target.channel, target.name)).encode())[:32]


def _door(tx: Reader, gate: Gate) -> str:
    run = None if gate.run_id is None else tx.run(gate.workflow_id)
    return OUTSIDE if run is None else run.door


def _matches(route: Route, event: str, gate: Gate, door: str) -> bool:
    asked = {role for need in gate.requirement.needs for role in need.any_of}
    # A gate that anyone may answer, whoever holds a role may answer too.
    is_asked = ANYONE in asked or not asked.isdisjoint(route.roles)
    given = ((route.events, event), (route.risk_levels, gate.risk_level), (route.doors, door))
    return all(not wanted or found in wanted for wanted, found in given) and (not route.roles or is_asked)
