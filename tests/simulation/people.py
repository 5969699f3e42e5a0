"""What people ask for, on whatever surface, and what they are told.

Whoever loses the connection asks again, as often as they have patience: an answer under its own dedupe key, so that it
is taken once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.app.cancel_run import cancel_run
from signoff.app.close_gate import close_gate
from signoff.app.create_intent import create_intent
from signoff.app.delegate import delegate
from signoff.app.open_gate import OnDecision, open_gate
from signoff.app.override_gate import override_gate
from signoff.app.reply import reply
from signoff.app.retry_run import retry_run
from signoff.app.sign_in import sign_in
from signoff.app.start_run import new_run, record_start, start_run
from signoff.app.world import World
from signoff.errors import ConflictError, LedgerUnavailableError, SignoffError
from signoff.plans.plan import Plan

from .schedule import Process

PARTITION = "tenant"


@dataclass(frozen=True)
class Told:
    """The end of a request: what it gave, or the code of its refusal; with the receipt that came with either."""

    is_accepted: bool
    code: str | None = None
    receipt: Mapping[str, Any] | None = None
    is_replay: bool = False


@dataclass
class Request:
    """`place` is where it was sent, None while it is to be sent. `told` is None until there is an answer."""

    who: str
    verb: str
    given: dict[str, Any]
    place: Process | None = None
    told: Told | None = None
    is_given_up: bool = False
    #: What whoever asks remembers between two tries.
    memory: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        said = {name: value for name, value in self.given.items() if isinstance(value, str | int | dict)}
        return f"{self.who}: {self.verb} {said}"

    @property
    def is_to_be_sent(self) -> bool:
        """Nobody is at work on it any more, and there was no answer."""
        is_lost = self.place is None or self.place.is_dead
        return is_lost and self.told is None and not self.is_given_up

    @property
    def is_under_way(self) -> bool:
        return self.told is None and not self.is_given_up

    def carry_out(self, world: World) -> None:
        """One try. Without an answer the request is to be sent again."""
        try:
            self.told = _VERBS[self.verb](world, self)
        except LedgerUnavailableError:
            self.place = None
        except SignoffError as error:
            receipt = error.receipt if isinstance(error, ConflictError) else None
            self.told = Told(False, error.code, receipt)


def _reply(world: World, request: Request) -> Told:
    actor = sign_in(world, token=None, name=request.who, doing="reply")
    done = reply(world, actor=actor, **request.given)
    return Told(True, receipt=done.receipt.to_wire(), is_replay=done.is_replay)


def _override(world: World, request: Request) -> Told:
    actor = sign_in(world, token=None, name=request.who, doing="override")
    receipt = override_gate(world, actor=actor, reason="it burns", **request.given)
    return Told(True, receipt=receipt.to_wire())


def _open(world: World, request: Request) -> Told:
    given = {**request.given, "on_decision": OnDecision(**request.given["on_decision"])}
    open_gate(world, actor=request.who, **given)
    return Told(True)


def _close(world: World, request: Request) -> Told:
    close_gate(world, actor=request.who, reason="nobody needs it", **request.given)
    return Told(True)


def _start(world: World, request: Request) -> Told:
    """Two calls, as everybody who starts a run makes them; an intent whose id was told is not made again."""
    if "intent_id" not in request.memory:
        request.memory["intent_id"] = create_intent(
            world, goal="ship it", inputs={}, constraints=request.given["constraints"], actor=request.who
        )
    intent_id = request.memory["intent_id"]
    start_run(
        world,
        intent_id=intent_id,
        actor=request.who,
        queue_partition_key=PARTITION,
        workload={"concurrency": 2},
    )
    return Told(True)


def _start_plan(world: World, request: Request) -> Told:
    """As specs and stories are started: under a name of their own, once."""
    plan, name = request.given["plan"], request.given["name"]
    assert isinstance(plan, Plan)
    with world.ledger.write(name, "start_run") as tx:
        if tx.run(name) is None:
            run = new_run(
                plan,
                workflow_id=name,
                intent_id=None,
                door="spec",
                now=world.clock(),
                queue_partition_key=PARTITION,
                requested_by=request.who,
            )
            record_start(tx, run)
    return Told(True)


def _cancel(world: World, request: Request) -> Told:
    cancel_run(world, actor=request.who, **request.given)
    return Told(True)


def _retry(world: World, request: Request) -> Told:
    retry_run(world, actor=request.who, **request.given)
    return Told(True)


def _delegate(world: World, request: Request) -> Told:
    given = request.given
    delegate(world, from_name=request.who, to_name=given["to"], until_at=world.clock() + given["ms"], actor="root")
    return Told(True)


_VERBS: Mapping[str, Callable[[World, Request], Told]] = {
    "reply": _reply,
    "override": _override,
    "open": _open,
    "close": _close,
    "start": _start,
    "start_plan": _start_plan,
    "cancel": _cancel,
    "retry": _retry,
    "delegate": _delegate,
}
