from __future__ import annotations

import pytest
from gate_samples import NOW, a_gate

from signoff.errors import InvalidInputError, NotEntitledError
from signoff.gates import gate as gates
from signoff.gates.principal import (
    PERSON,
    ROLES_MAX,
    Delegation,
    Principal,
    actor_of,
    actors_of,
    check_principal_name,
    check_roles,
)
from signoff.gates.reply import read_reply
from signoff.gates.requirement import Actor, Need, Requirement, is_satisfiable, places_left

LEAD = Requirement((Need(("lead",), 1),))


def someone(name: str, *roles: str, disabled_at: int | None = None) -> Principal:
    return Principal(f"pr_{name}", name, PERSON, frozenset(roles), disabled_at)


def lent(giver: str, taker: str) -> Delegation:
    return Delegation("dl_1", f"pr_{giver}", f"pr_{taker}", until_at=100, created_at=1)


def test_a_principal_acts_in_roles_of_their_own() -> None:
    actor = actor_of(someone("ada", "lead"), is_authenticated=True)
    assert actor == Actor("ada", frozenset({"lead"}), is_authenticated=True)
    assert actor.delegated_from(LEAD) == ()


def test_what_was_delegated_is_held_too_and_says_in_whose_place() -> None:
    actor = actor_of(someone("bob", "ops"), [someone("ada", "lead", "ops")])
    assert actor.roles == frozenset({"ops", "lead"})
    assert actor.delegated_from(LEAD) == ("ada",)
    assert actor.delegated_from(Requirement((Need(("ops",), 1),))) == (), "bob is ops himself"
    assert places_left(Requirement((Need(("lead",), 1), Need(("ops",), 1))), [actor]) == {"ops": 1}, "and counts once"


def test_whoever_is_disabled_lends_nothing() -> None:
    assert actor_of(someone("bob"), [someone("ada", "lead", disabled_at=5)]).roles == frozenset()


def test_without_one_lender_only_what_that_one_alone_lent_is_gone() -> None:
    actor = actor_of(someone("cy", "dev"), [someone("ada", "lead", "ops"), someone("bob", "ops")])
    left = actor.without("ada")
    assert left.roles == frozenset({"dev", "ops"})
    assert left.lent == {"bob": frozenset({"ops"})}
    assert actor.without("eve") == actor.without(None) == actor
    assert Actor("cy").without("ada") == Actor("cy")


def test_everybody_who_is_enabled_may_act_in_what_is_lent_to_them() -> None:
    people = [someone("ada", "lead"), someone("bob"), someone("cy", "lead", disabled_at=5)]
    found = actors_of(people, [lent("ada", "bob")])
    assert [(actor.name, actor.roles) for actor in found] == [(name, frozenset({"lead"})) for name in ("ada", "bob")]


def test_whoever_asked_does_not_approve_through_somebody_who_acts_for_them() -> None:
    gate = a_gate(Requirement((Need(("lead",), 1),), not_requester=True), requested_by="ada")
    deputy = actor_of(someone("bob"), [someone("ada", "lead")])
    with pytest.raises(NotEntitledError) as refused:
        gates.answer(
            gate, read_reply({"choice": "ship"}, gate.prompt), deputy, approvers=[], prompt_digest=None, now=NOW
        )
    assert refused.value.code == "not-entitled"
    said_no = gates.answer(
        gate, read_reply({"choice": "drop"}, gate.prompt), deputy, approvers=[], prompt_digest=None, now=NOW
    )
    assert said_no.role == "lead"


@pytest.mark.parametrize("own", ["lead", "ops"])
def test_a_requirement_can_be_met_by_others_than_the_requester_alone(own: str) -> None:
    asked = Requirement((Need(("lead",), 1),), not_requester=True)
    deputy = actor_of(someone("bob", own), [someone("ada", "lead")])
    people = [actor_of(someone("ada", "lead")), deputy]
    assert is_satisfiable(asked, people, "zoe")
    assert is_satisfiable(asked, people, "ada") is (own == "lead")


def test_one_person_can_meet_a_requirement_that_does_not_ask_for_several() -> None:
    twice = Requirement((Need(("lead",), 2),), distinct_people=False)
    assert is_satisfiable(twice, [Actor("ada", frozenset({"lead"}))])
    assert not is_satisfiable(twice, [Actor("ada", frozenset({"dev"}))])


@pytest.mark.parametrize(
    "name", ["", " ada", "ada ", "a\nb", "x" * 201, "signoff", "deadline", "anonymous", "policy:tier-C"]
)
def test_a_name_that_would_mislead_is_nobodys(name: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_principal_name(name)
    assert refused.value.code == "invalid-actor"
    assert check_principal_name("Ľubica Žák") == "Ľubica Žák"


@pytest.mark.parametrize(
    "roles", [["*"], ["policy"], [""], ["a,b"], ["x" * 65], ["a\tb"], [f"r{n}" for n in range(ROLES_MAX + 1)]]
)
def test_a_role_that_nobody_could_be_asked_in_is_refused(roles: list[str]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_roles(roles)
    assert refused.value.code == "invalid-role"
    assert check_roles(["lead", "lead", "ops"]) == {"lead", "ops"}
