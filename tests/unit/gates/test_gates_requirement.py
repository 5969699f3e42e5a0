from __future__ import annotations

from typing import Any

import pytest
from gate_samples import needs, person

from signoff.errors import InvalidInputError, NotEntitledError
from signoff.gates.requirement import (
    ANYONE_ONCE,
    Actor,
    Requirement,
    check_entitled,
    from_wire,
    is_satisfiable,
    places_left,
    to_wire,
)

LEAD_AND_OPS = needs(("lead", 1), ("ops", 1))


def test_anyone_once_is_met_by_anybody() -> None:
    assert places_left(ANYONE_ONCE, []) == {"*": 1}
    assert places_left(ANYONE_ONCE, [person("ann")]) == {}


def test_places_are_counted_by_need() -> None:
    wanted = needs(("lead", 2), ("ops,sre", 1), ("lead", 1))
    assert places_left(wanted, []) == {"lead": 3, "ops,sre": 1}
    assert places_left(wanted, [person("ann", "lead"), person("bob", "sre")]) == {"lead": 2}


def test_a_role_that_nobody_asked_for_fills_no_place() -> None:
    assert places_left(LEAD_AND_OPS, [person("ann", "cook"), person("bob")]) == {"lead": 1, "ops": 1}


def test_one_person_fills_one_place_however_often_and_in_how_many_roles() -> None:
    assert sum(places_left(LEAD_AND_OPS, [person("ann", "lead", "ops")] * 3).values()) == 1
    spelled = [person(name, "lead", "ops") for name in ("ann", "Ann", "ann ")]
    assert sum(places_left(LEAD_AND_OPS, spelled).values()) == 1


def test_one_person_may_fill_several_places_where_people_need_not_be_distinct() -> None:
    wanted = needs(("lead", 1), ("ops", 1), distinct_people=False)
    assert places_left(wanted, [person("ann", "lead", "ops")] * 2) == {}
    assert sum(places_left(wanted, [person("ann", "lead", "ops")]).values()) == 1


@pytest.mark.parametrize("is_reversed", [False, True])
def test_who_could_fill_either_place_makes_room_for_who_fills_one(is_reversed: bool) -> None:
    both, lead = person("ann", "lead", "ops"), person("bob", "lead")
    assert places_left(LEAD_AND_OPS, [lead, both] if is_reversed else [both, lead]) == {}


def test_room_is_made_along_a_chain_of_people() -> None:
    wanted = needs(("a", 1), ("b", 1), ("c", 1))
    people = [person("ann", "a", "b"), person("bob", "b", "c"), person("cy", "a")]
    assert places_left(wanted, people) == {}
    assert places_left(wanted, [*people[:2], person("cy", "d")]) != {}


def test_the_latest_roles_of_a_person_count() -> None:
    assert places_left(needs(("lead", 1)), [person("ann", "lead"), person("ann", "cook")]) == {"lead": 1}


def test_while_nobody_has_roles_everybody_holds_every_one() -> None:
    assert places_left(LEAD_AND_OPS, [Actor("ann"), Actor("bob")]) == {}
    assert Actor("ann").holds_any(["lead"])


def test_the_largest_requirement_can_be_counted() -> None:
    """A thousand people, each of whom could sit anywhere, and more of them than there are places."""
    wanted = needs(*[("*", 50)] * 20)
    people = [person(f"p{n}") for n in range(1_050)]
    assert places_left(wanted, people) == {}
    assert places_left(wanted, people[:999]) == {"*": 1}


def test_a_requirement_can_be_satisfied_if_the_people_for_it_exist() -> None:
    assert is_satisfiable(LEAD_AND_OPS, [person("ann", "lead"), person("bob", "ops"), person("cy")])
    assert not is_satisfiable(LEAD_AND_OPS, [person("ann", "lead", "ops")])


@pytest.mark.parametrize("approves", [True, False])
def test_who_holds_none_of_the_roles_may_not_answer(approves: bool) -> None:
    with pytest.raises(NotEntitledError) as caught:
        check_entitled(LEAD_AND_OPS, person("eve", "cook"), is_requester=False, approves=approves)
    assert caught.value.code == "not-entitled"
    assert caught.value.details == {"actor": "eve", "roles": ["lead", "ops"]}


@pytest.mark.parametrize("actor", [person("ann", "lead"), person("bob", "x", "ops"), Actor("cy")])
def test_any_one_of_the_roles_entitles(actor: Actor) -> None:
    check_entitled(LEAD_AND_OPS, actor, is_requester=False, approves=True)


def test_anyone_is_entitled_where_anyone_is_asked() -> None:
    check_entitled(ANYONE_ONCE, person("eve"), is_requester=True, approves=True)


def test_the_requester_may_be_kept_from_approving_but_not_from_refusing() -> None:
    wanted = needs(("*", 1), not_requester=True)
    with pytest.raises(NotEntitledError) as caught:
        check_entitled(wanted, Actor("ann"), is_requester=True, approves=True)
    assert caught.value.code == "requester-may-not-approve"
    check_entitled(wanted, Actor("ann"), is_requester=True, approves=False)
    check_entitled(wanted, Actor("bob"), is_requester=False, approves=True)


def test_whoever_had_a_part_in_it_may_refuse_and_not_approve_however_the_name_is_written() -> None:
    wanted = needs(("*", 1), not_by=("ann", "Bob Ray", "Jos\u00e9"))
    for name in ("ann", "ANN ", "bob  ray", "Jose\u0301", "\uff21nn"):
        with pytest.raises(NotEntitledError, match="had a part") as caught:
            check_entitled(wanted, Actor(name), is_requester=False, approves=True)
        assert caught.value.code == "requester-may-not-approve"
        check_entitled(wanted, Actor(name), is_requester=False, approves=False)
    check_entitled(wanted, Actor("cy"), is_requester=False, approves=True)
    assert not is_satisfiable(wanted, [person("ann"), person("Bob Ray")])
    assert is_satisfiable(wanted, [person("ann"), person("cy")])


def test_the_requester_is_kept_from_it_beside_those_who_are_named() -> None:
    assert needs(("*", 1), not_by=("bob",)).kept_from("ann") == ("bob",)
    assert needs(("*", 1), not_by=("bob",), not_requester=True).kept_from("ann") == ("ann", "bob")
    assert needs(("*", 1), not_requester=True).kept_from(None) == ()


def test_the_names_are_written_only_where_there_are_any() -> None:
    assert "notBy" not in to_wire(from_wire({"notBy": []}))
    assert from_wire(to_wire(Requirement(not_by=("ann",)))) == Requirement(not_by=("ann",))


@pytest.mark.parametrize("names", ["ann", [7], [" "], ["x" * 201], ["x"] * 201])
def test_names_that_are_none_are_refused(names: Any) -> None:
    with pytest.raises(InvalidInputError, match="notBy"):
        from_wire({"notBy": names})


def test_members_left_out_have_the_contracts_defaults() -> None:
    assert to_wire(from_wire({"needs": [{"any_of": ["lead"], "count": 2}]})) == {
        "needs": [{"any_of": ["lead"], "count": 2}],
        "distinctPeople": True,
        "notRequester": False,
        "justification": False,
        "allItems": False,
    }
    assert from_wire({}) == ANYONE_ONCE


def test_the_flag_that_came_last_is_written_only_where_it_is_set() -> None:
    """Or the digests of prompts that are older than the flag would be others."""
    assert "allEvidence" not in to_wire(from_wire({"allEvidence": False}))
    assert to_wire(from_wire({"allEvidence": True}))["allEvidence"] is True
    assert from_wire(to_wire(Requirement(all_evidence=True))) == Requirement(all_evidence=True)


@pytest.mark.parametrize("flag", ["distinctPeople", "notRequester", "justification", "allItems"])
@pytest.mark.parametrize("value", [True, False])
def test_each_flag_is_read_and_written(flag: str, value: bool) -> None:
    assert to_wire(from_wire({flag: value}))[flag] is value


def test_each_flag_means_what_it_is_called() -> None:
    assert from_wire({"distinctPeople": False}) == Requirement(distinct_people=False)
    assert from_wire({"notRequester": True}) == Requirement(not_requester=True)
    assert from_wire({"justification": True}) == Requirement(justification=True)
    assert from_wire({"allItems": True}) == Requirement(all_items=True)
    assert from_wire({"allEvidence": True}) == Requirement(all_evidence=True)


def need(**members: Any) -> dict[str, Any]:
    return {"needs": [{"any_of": ["lead"], "count": 1, **members}]}


@pytest.mark.parametrize(
    "wire",
    [
        None,
        [],
        "needs",
        {"need": []},
        {"distinct_people": True},
        {"notRequester": 1},
        {"justification": None},
        {"allItems": "true"},
        {"needs": None},
        {"needs": []},
        {"needs": {}},
        {"needs": ["lead"]},
        {"needs": [{"any_of": ["lead"]}]},
        {"needs": [{"any_of": ["lead"], "count": 1}] * 21},
        need(role="x"),
        need(any_of=[]),
        need(any_of="lead"),
        need(any_of=[1]),
        need(any_of=[""]),
        need(any_of=["  "]),
        need(any_of=["a,b"]),
        need(any_of=["x" * 65]),
        need(count=0),
        need(count=-1),
        need(count=51),
        need(count=True),
        need(count=1.0),
        need(count="1"),
    ],
)
def test_a_requirement_of_another_shape_is_refused(wire: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        from_wire(wire)
    assert caught.value.code == "invalid-requirement"


def test_a_requirement_at_its_bounds_is_taken() -> None:
    wire = {"needs": [{"any_of": ["x" * 64], "count": 50}] * 20}
    assert to_wire(from_wire(wire))["needs"] == wire["needs"]
