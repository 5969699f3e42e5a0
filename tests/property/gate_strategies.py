"""People, requirements and answers drawn at random, and the slow, plain way of counting that must agree."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from signoff.gates.requirement import Actor, Need, Requirement

ROLES = ("lead", "ops", "sre")
NAMES = ("ann", "bob", "cy", "dee")

role_sets = st.frozensets(st.sampled_from(ROLES))
needs = st.builds(
    Need,
    st.lists(st.sampled_from(ROLES), min_size=1, max_size=2, unique=True).map(tuple) | st.just(("*",)),
    st.integers(1, 2),
)
requirements = st.builds(
    Requirement,
    st.lists(needs, min_size=1, max_size=3).map(tuple),
    distinct_people=st.just(True),
    not_requester=st.booleans(),
    justification=st.booleans(),
    all_items=st.booleans(),
)
#: One person may stand in it several times, always with the same roles.
crowds = st.dictionaries(st.sampled_from(NAMES), st.none() | role_sets, max_size=4).flatmap(
    lambda roles: (
        st.lists(st.sampled_from([Actor(name, roles[name]) for name in sorted(roles)]), max_size=5)
        if roles
        else st.just([])
    )
)


def may_sit(person: Actor, need: Need) -> bool:
    return person.roles is None or "*" in need.any_of or bool(person.roles & set(need.any_of))


def most_seated(people: Sequence[Actor], places: Sequence[Need]) -> int:
    """The most of these people who can be given a place of their own, found by trying every way."""
    if not people:
        return 0
    first, rest = people[0], people[1:]
    left_out = most_seated(rest, places)
    seated = [
        1 + most_seated(rest, [*places[:n], *places[n + 1 :]])
        for n, place in enumerate(places)
        if may_sit(first, place) and place not in places[:n]
    ]
    return max([left_out, *seated])


def places_of(requirement: Requirement) -> list[Need]:
    return [Need(need.any_of, 1) for need in requirement.needs for _ in range(need.count)]


def open_places(requirement: Requirement, people: Sequence[Actor]) -> int:
    """How many places stay open when the people are seated as well as can be."""
    seats = list(dict.fromkeys(people)) if requirement.distinct_people else list(people)
    places = places_of(requirement)
    return len(places) - most_seated(seats, places)
