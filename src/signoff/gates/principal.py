"""Who is known by name, in which roles, and who may act in somebody else's place for a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from signoff.errors import InvalidInputError
from signoff.gates.name import check_actor_name
from signoff.gates.requirement import ANYONE, POLICY_ROLE, ROLE_CHARS_MAX, Actor, is_role

PERSON, SERVICE = "person", "service"
ROLES_MAX = 50
ANONYMOUS = "anonymous"

#: The workflow id under which the audit trail tells of principals, tokens and refused sign-ins. It has no gates.
IDENTITY = "identity"

_NOT_HELD = (ANYONE, POLICY_ROLE)


@dataclass(frozen=True)
class Principal:
    id: str
    name: str
    kind: str
    roles: frozenset[str]
    disabled_at: int | None = None


@dataclass(frozen=True)
class Delegation:
    """Lets `to_principal` act in the roles of `from_principal` (ids) until `until_at`."""

    id: str
    from_principal: str
    to_principal: str
    until_at: int
    created_at: int
    revoked_at: int | None = None


def actor_of(principal: Principal, lenders: Iterable[Principal] = (), *, is_authenticated: bool = False) -> Actor:
    """A principal as somebody who acts: in roles of their own, and in those lent by `lenders`.

    What was lent is not lent on. Whoever holds a role themselves needs nobody to lend it.
    """
    lent = {lender.name: lender.roles - principal.roles for lender in lenders if lender.disabled_at is None}
    roles = principal.roles.union(*lent.values())
    return Actor(principal.name, roles, is_authenticated, {name: held for name, held in lent.items() if held})


def actors_of(principals: Sequence[Principal], delegations: Sequence[Delegation]) -> list[Actor]:
    """Everybody who may act now; `delegations` are those that hold now."""
    by_id: Mapping[str, Principal] = {principal.id: principal for principal in principals}
    return [
        actor_of(one, [by_id[d.from_principal] for d in delegations if d.to_principal == one.id])
        for one in principals
        if one.disabled_at is None
    ]


def check_principal_name(name: str) -> str:
    """
    Raises:
        InvalidInputError: (`invalid-actor`).
    """
    if check_actor_name(name) != name.strip() or name == ANONYMOUS:
        raise InvalidInputError(
            f"A principal's name neither begins nor ends with a space, and is not {ANONYMOUS!r}.", code="invalid-actor"
        )
    return name


def check_roles(roles: Iterable[str]) -> frozenset[str]:
    """
    Raises:
        InvalidInputError: (`invalid-role`).
    """
    held = frozenset(roles)
    wrong = sorted(role for role in held if not is_role(role) or not role.isprintable() or role in _NOT_HELD)
    if wrong or len(held) > ROLES_MAX:
        raise InvalidInputError(
            f"Roles are at most {ROLES_MAX} names of 1 to {ROLE_CHARS_MAX} printable characters without a comma; "
            f"{ANYONE!r} and {POLICY_ROLE!r} are nobody's.",
            code="invalid-role",
            details={"roles": wrong[:ROLES_MAX]},
        )
    return held
