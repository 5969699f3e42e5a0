"""Delegate: let one principal act in another's roles until a given instant."""

from __future__ import annotations

from signoff.app.find_principals import the_principal
from signoff.app.world import World
from signoff.errors import InvalidInputError
from signoff.gates.principal import IDENTITY, Delegation, Principal


def delegate(world: World, *, from_name: str, to_name: str, until_at: int, actor: str) -> Delegation:
    """From now until `until_at` (epoch milliseconds), in the place of what the one delegated to the other before.

    Raises:
        NotFoundError: (`principal-not-found`). InvalidInputError: (`invalid-delegation`) to oneself, by or to somebody
        disabled, or until an instant that has passed.
    """
    with world.ledger.write(IDENTITY, "delegate") as tx:
        giver, taker = the_principal(tx, from_name), the_principal(tx, to_name)
        now = world.clock()
        _check(giver, taker, until_at=until_at, now=now)
        delegation = Delegation(
            id=f"dl_{world.new_id()}",
            from_principal=giver.id,
            to_principal=taker.id,
            until_at=until_at,
            created_at=now,
        )
        tx.replace_delegation(delegation)
        body = {"from": from_name, "to": to_name, "untilAt": until_at}
        tx.append_entry(at=now, actor=actor, event="principal.delegated", body=body)
    return delegation


def _check(giver: Principal, taker: Principal, *, until_at: int, now: int) -> None:
    if giver.id == taker.id:
        raise _invalid("nobody acts in their own place")
    for one in (giver, taker):
        if one.disabled_at is not None:
            raise _invalid(f"{one.name} is disabled")
    if until_at <= now:
        raise _invalid("it would be over already")


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"This delegation cannot be taken: {why}.", code="invalid-delegation")
