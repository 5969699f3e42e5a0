"""What must hold of every requirement, whoever approves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gate_strategies import ROLES, crowds, needs, open_places, requirements, role_sets
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signoff.errors import InvalidInputError
from signoff.gates.deadline import Rung, widen
from signoff.gates.requirement import Actor, Need, Requirement, from_wire, is_satisfiable, places_left, to_wire

unhurried = settings(deadline=None)
any_requirements = st.builds(replace, requirements, distinct_people=st.booleans())
crowds_and_orders = crowds.flatmap(lambda crowd: st.tuples(st.just(crowd), st.permutations(crowd)))
wide_needs = st.builds(
    Need,
    st.lists(st.text(st.characters(exclude_characters=","), min_size=1, max_size=64), min_size=1, max_size=4)
    .filter(lambda roles: all(role.strip() for role in roles))
    .map(tuple),
    st.integers(1, 50),
)
wide_requirements = st.builds(
    Requirement,
    st.lists(wide_needs, min_size=1, max_size=20).map(tuple),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 60) | st.sampled_from(["", "*", "lead", "a,b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["needs", "any_of", "count", "allItems", "distinctPeople", "x"]), inner)
    ),
    max_leaves=8,
)


def total(requirement: Requirement, people: list[Actor]) -> int:
    return sum(places_left(requirement, people).values())


@unhurried
@given(any_requirements, crowds)
def test_as_many_places_are_filled_as_trying_every_way_can_fill(requirement: Requirement, people: list[Actor]) -> None:
    assert total(requirement, people) == open_places(requirement, people)


@unhurried
@given(any_requirements, crowds)
def test_a_requirement_is_met_exactly_when_some_way_of_seating_fills_it(
    requirement: Requirement, people: list[Actor]
) -> None:
    assert (places_left(requirement, people) == {}) is (open_places(requirement, people) == 0)


@settings(unhurried, max_examples=30)
@given(any_requirements, crowds)
def test_a_requirement_can_be_met_exactly_when_some_way_of_seating_whoever_may_come_fills_it(
    requirement: Requirement, people: list[Actor]
) -> None:
    often = 1 if requirement.distinct_people else sum(need.count for need in requirement.needs)
    assert is_satisfiable(requirement, people) is (open_places(requirement, people * often) == 0)


@unhurried
@given(st.lists(needs, min_size=1, max_size=3), st.data())
def test_overlapping_roles_never_block_where_an_assignment_exists(wanted: list[Need], data: st.DataObject) -> None:
    """For every place somebody is invited who fits it, and who holds any other roles besides."""
    requirement = Requirement(tuple(wanted))
    places = [need for need in wanted for _ in range(need.count)]
    invited = [
        Actor(f"p{n}", data.draw(role_sets) | {data.draw(st.sampled_from(place.any_of))})
        for n, place in enumerate(places)
    ]
    assert places_left(requirement, data.draw(st.permutations(invited))) == {}


@unhurried
@given(requirements, crowds_and_orders)
def test_the_order_of_approvals_does_not_matter(
    requirement: Requirement, crowd: tuple[list[Actor], list[Actor]]
) -> None:
    people, shuffled = crowd
    assert total(requirement, people) == total(requirement, shuffled)


@unhurried
@given(requirements, crowds, st.data())
def test_one_person_never_counts_twice(requirement: Requirement, people: list[Actor], data: st.DataObject) -> None:
    assume(people)
    again = [*people, *data.draw(st.lists(st.sampled_from(people), max_size=5))]
    assert places_left(requirement, again) == places_left(requirement, people)
    filled = sum(need.count for need in requirement.needs) - total(requirement, again)
    assert filled <= len({person.name for person in people})


@unhurried
@given(any_requirements, crowds, role_sets)
def test_one_more_approval_fills_one_place_or_none(
    requirement: Requirement, people: list[Actor], roles: frozenset[str]
) -> None:
    before = total(requirement, people)
    assert before - total(requirement, [*people, Actor("zoe", roles)]) in (0, 1)


@unhurried
@given(any_requirements, crowds, st.lists(st.sampled_from([*ROLES, "boss"]), max_size=2))
def test_a_wider_audience_never_asks_for_more(requirement: Requirement, people: list[Actor], roles: list[str]) -> None:
    wider = widen(requirement, Rung(1, tuple(roles)))
    assert total(wider, []) == total(requirement, [])
    assert total(wider, people) <= total(requirement, people)
    assert from_wire(to_wire(wider)) == wider


@unhurried
@given(wide_requirements)
def test_wire_and_reading_it_are_inverse(requirement: Requirement) -> None:
    assert from_wire(to_wire(requirement)) == requirement
    assert to_wire(from_wire(to_wire(requirement))) == to_wire(requirement)


@unhurried
@given(json_values)
def test_any_other_value_is_refused_or_read_to_the_full(value: Any) -> None:
    try:
        requirement = from_wire(value)
    except InvalidInputError:
        return
    assert {**to_wire(requirement), **value} == to_wire(requirement)
