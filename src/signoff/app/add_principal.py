"""Add a principal: a person or service that signoff knows by name from then on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signoff.app.world import World
from signoff.errors import ConflictError, InvalidInputError
from signoff.gates.principal import IDENTITY, PERSON, SERVICE, Principal, check_principal_name, check_roles
from signoff.gates.requirement import ANYONE
from signoff.policy.word import disguise_of, fold


def add_principal(
    world: World, *, name: str, actor: str, roles: Sequence[str] = (), is_service: bool = False
) -> Principal:
    """
    Raises:
        InvalidInputError: `invalid-actor`, `invalid-role`. ConflictError: (`principal-exists`) one of this name, or of
        a name that people would take for it.
    """
    principal = Principal(
        id=f"pr_{world.new_id()}",
        name=_check_name(name),
        kind=SERVICE if is_service else PERSON,
        roles=check_roles(roles),
    )
    with world.ledger.write(IDENTITY, "add_principal") as tx:
        _check_free(name, (one.name for one in tx.people.principals()))
        tx.insert_principal(principal)
        body = {
            "principalId": principal.id,
            "name": name,
            "kind": principal.kind,
            "roles": sorted(principal.roles),
        }
        tx.append_entry(at=world.clock(), actor=actor, event="principal.added", body=body)
    return principal


def _check_name(name: str) -> str:
    """What is read in a record is one person's name, and looks like no other."""
    if check_principal_name(name) == ANYONE:
        raise InvalidInputError(f"{ANYONE} stands for everybody; nobody is called so.", code="invalid-actor")
    if disguise := disguise_of(name):
        raise InvalidInputError(f"This name could be taken for another: it has {disguise}.", code="invalid-actor")
    return name


def _check_free(name: str, taken: Iterable[str]) -> None:
    same = next((one for one in taken if _looks(one) == _looks(name)), None)
    if same is not None:
        written = "" if same == name else f", which {name} could be taken for"
        raise ConflictError(f"There is a principal {same} already{written}.", code="principal-exists")


def _looks(name: str) -> str:
    return " ".join(fold(name).split())
