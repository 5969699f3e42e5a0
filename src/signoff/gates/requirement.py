"""Whose approvals let a gate through, as data, and whether the approvals given so far are enough.

A requirement is a list of needs; a need is a number of places, each for a person who holds any one of its roles.
It is met when distinct people can be *matched* to all its places (maximum bipartite matching by augmenting paths,
Kuhn 1955): taking people greedily would let two overlapping needs block each other for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from signoff.errors import InvalidInputError, NotEntitledError
from signoff.gates.name import NAME_CHARS_MAX, is_same, plain_name

ANYONE = "*"
#: The roles in which a policy approves at once, and in which somebody goes past a gate.
POLICY_ROLE, OVERRIDE_ROLE = "policy", "override"
NEEDS_MAX = 20
COUNT_MAX = 50
ROLE_CHARS_MAX = 64
NAMES_MAX = 200


@dataclass(frozen=True)
class Actor:
    """Who is asking. `roles` is None while no principal exists: then everybody holds every role.

    `lent` are those of the roles that are not the actor's own, by the name of whoever delegated them.
    """

    name: str
    roles: frozenset[str] | None = None
    is_authenticated: bool = False
    lent: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)

    def holds_any(self, roles: Sequence[str]) -> bool:
        return self.roles is None or ANYONE in roles or not self.roles.isdisjoint(roles)

    def delegated_from(self, requirement: Requirement) -> tuple[str, ...]:
        """In whose place the actor answers: those who lent a role that the requirement names."""
        asked = {role for need in requirement.needs for role in need.any_of}
        return tuple(sorted(name for name, roles in self.lent.items() if not asked.isdisjoint(roles)))

    def without(self, lender: str | None) -> Actor:
        """The same actor, without what this one lent and nobody else did."""
        taken = [roles for name, roles in self.lent.items() if is_same(name, lender)]
        if self.roles is None or not taken:
            return self
        kept = {name: roles for name, roles in self.lent.items() if not is_same(name, lender)}
        return replace(self, roles=self.roles - frozenset().union(*taken).difference(*kept.values()), lent=kept)


@dataclass(frozen=True)
class Need:
    any_of: tuple[str, ...]
    count: int

    @property
    def label(self) -> str:
        return ",".join(self.any_of)


@dataclass(frozen=True)
class Requirement:
    """`all_evidence`: every piece of evidence has a hash, as what is missing has none. `not_by` names people who had a
    part in what is asked for: like a requester that is kept from it, they may not approve it."""

    needs: tuple[Need, ...] = (Need((ANYONE,), 1),)
    distinct_people: bool = True
    not_requester: bool = False
    justification: bool = False
    all_items: bool = False
    all_evidence: bool = False
    not_by: tuple[str, ...] = ()

    def kept_from(self, requested_by: str | None) -> tuple[str, ...]:
        """Who may not approve, neither by themselves nor through somebody who acts in their place."""
        asked = (requested_by,) if self.not_requester and requested_by is not None else ()
        return (*asked, *self.not_by)


ANYONE_ONCE = Requirement()


def places_left(requirement: Requirement, approvers: Sequence[Actor]) -> dict[str, int]:
    """How many places of each need are still open, by the need's label; empty when the requirement is met."""
    people = _distinct(approvers) if requirement.distinct_people else list(approvers)
    seated: list[list[Actor]] = [[] for _ in requirement.needs]
    for person in people:
        _seat(person, requirement.needs, seated, set())
    left: dict[str, int] = {}
    for need, holders in zip(requirement.needs, seated, strict=True):
        if len(holders) < need.count:
            left[need.label] = left.get(need.label, 0) + need.count - len(holders)
    return left


def is_satisfiable(requirement: Requirement, people: Sequence[Actor], requested_by: str | None = None) -> bool:
    """Whether the people who exist could ever meet it."""
    for name in requirement.kept_from(requested_by):
        people = [person.without(name) for person in people if not is_same(person.name, name)]
    if not requirement.distinct_people:
        people = list(people) * sum(need.count for need in requirement.needs)
    return not places_left(requirement, people)


def check_entitled(requirement: Requirement, actor: Actor, *, is_requester: bool, approves: bool) -> None:
    """Approving and rejecting need one of the roles; the requester may be kept from approving.

    Raises:
        NotEntitledError:
    """
    roles = [role for need in requirement.needs for role in need.any_of]
    if not actor.holds_any(roles):
        raise NotEntitledError(
            f"{actor.name} holds none of the roles that may answer this gate: {', '.join(sorted(set(roles)))}.",
            details={"actor": actor.name, "roles": sorted(set(roles))},
        )
    if approves and is_requester and requirement.not_requester:
        raise NotEntitledError(
            f"{actor.name} asked for this and may not approve it; somebody else has to.",
            code="requester-may-not-approve",
            details={"actor": actor.name},
        )
    if approves and any(is_same(actor.name, name) for name in requirement.not_by):
        raise NotEntitledError(
            f"{actor.name} had a part in this and may not approve it; somebody else has to.",
            code="requester-may-not-approve",
            details={"actor": actor.name},
        )


def to_wire(requirement: Requirement) -> dict[str, Any]:
    """The members that came last are written only where they are set, so that older digests stay what they are."""
    wire: dict[str, Any] = {
        "needs": [{"any_of": list(need.any_of), "count": need.count} for need in requirement.needs],
        "distinctPeople": requirement.distinct_people,
        "notRequester": requirement.not_requester,
        "justification": requirement.justification,
        "allItems": requirement.all_items,
    }
    if requirement.all_evidence:
        wire["allEvidence"] = True
    if requirement.not_by:
        wire["notBy"] = list(requirement.not_by)
    return wire


def from_wire(wire: Any) -> Requirement:
    """Read a requirement, an object; members left out have their defaults.

    Raises:
        InvalidInputError: (`invalid-requirement`).
    """
    if not isinstance(wire, Mapping):
        raise _invalid("it must be an object")
    flags = dict.fromkeys(("notRequester", "justification", "allItems", "allEvidence"), False)
    flags["distinctPeople"] = True
    unknown = set(wire) - set(flags) - {"needs", "notBy"}
    if unknown:
        raise _invalid(f"unknown member {sorted(unknown)[0]!r}")
    for name in flags:
        flags[name] = wire.get(name, flags[name])
        if not isinstance(flags[name], bool):
            raise _invalid(f"{name} must be true or false")
    needs = wire.get("needs", [{"any_of": [ANYONE], "count": 1}])
    if not isinstance(needs, list) or not 1 <= len(needs) <= NEEDS_MAX:
        raise _invalid(f"needs must be a list of 1 to {NEEDS_MAX}")
    return Requirement(
        needs=tuple(_need(need) for need in needs),
        distinct_people=flags["distinctPeople"],
        not_requester=flags["notRequester"],
        justification=flags["justification"],
        all_items=flags["allItems"],
        all_evidence=flags["allEvidence"],
        not_by=_names(wire.get("notBy", [])),
    )


def _need(wire: Any) -> Need:
    if not isinstance(wire, dict) or set(wire) != {"any_of", "count"}:
        raise _invalid("a need is an object {any_of: [role, ...], count: n}")
    roles, count = wire["any_of"], wire["count"]
    if not isinstance(roles, list) or not roles or not all(is_role(role) for role in roles):
        raise _invalid(f"any_of must be a list of roles (1 to {ROLE_CHARS_MAX} characters each), or ['*']")
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= COUNT_MAX:
        raise _invalid(f"count must be an integer from 1 to {COUNT_MAX}")
    return Need(tuple(roles), count)


def _names(wire: Any) -> tuple[str, ...]:
    if not isinstance(wire, list) or len(wire) > NAMES_MAX or not all(_is_name(name) for name in wire):
        raise _invalid(f"notBy must be a list of at most {NAMES_MAX} names")
    return tuple(wire)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and name.strip() != "" and len(name) <= NAME_CHARS_MAX


def is_role(role: Any) -> bool:
    return isinstance(role, str) and role.strip() != "" and len(role) <= ROLE_CHARS_MAX and "," not in role


def _distinct(approvers: Sequence[Actor]) -> list[Actor]:
    return list({plain_name(actor.name): actor for actor in approvers}.values())


def _seat(person: Actor, needs: Sequence[Need], seated: Sequence[list[Actor]], seen: set[int]) -> bool:
    """Find a place for one person, moving those already seated where that frees one.

    A need is looked into once, whoever looks, so that the search is never deeper than there are needs.
    """
    for n, need in enumerate(needs):
        if n in seen or not person.holds_any(need.any_of):
            continue
        seen.add(n)
        if len(seated[n]) < need.count:
            seated[n].append(person)
            return True
        for place, holder in enumerate(seated[n]):
            if _seat(holder, needs, seated, seen):
                seated[n][place] = person
                return True
    return False


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"This requirement cannot be taken: {why}.", code="invalid-requirement")
