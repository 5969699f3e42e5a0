"""An answer as it was recorded: who gave it, in which roles, and how long it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gate_samples import a_gate

from signoff.gates.interaction import Interaction, is_superseded
from signoff.gates.requirement import Actor

SHIP = Interaction(
    id="hi_1",
    workflow_id="it_1",
    run_id=None,
    gate_key="ship",
    topic="human:ship",
    dedupe_key="d",
    payload={"choice": "ship"},
    payload_hash="a" * 64,
    origin="manual",
    actor="ada",
    role=None,
    choice="ship",
    created_at=0,
)
LATER = replace(SHIP, choice="later")


def said(choice: str, actor: str = "ada") -> Interaction:
    return replace(SHIP, id="hi_2", choice=choice, actor=actor)


@pytest.mark.parametrize(
    ("role", "roles"), [(None, None), ("lead", frozenset({"lead"})), ("lead,ops", frozenset({"lead", "ops"}))]
)
def test_whoever_answered_is_known_in_the_recorded_roles_or_in_every_one_while_nobody_had_any(
    role: str | None, roles: frozenset[str] | None
) -> None:
    assert replace(SHIP, role=role).answerer == Actor("ada", roles)


@pytest.mark.parametrize("one", [SHIP, LATER], ids=["an approval", "a hold"])
@pytest.mark.parametrize("later", [[], [said("ship", "bob"), said("later", "bob")]], ids=["nothing", "somebody else"])
def test_an_answer_stands_as_long_as_whoever_gave_it_says_nothing_else(
    one: Interaction, later: list[Interaction]
) -> None:
    assert not is_superseded(one, later, a_gate())


def test_an_approval_gives_way_to_the_same_approval_given_anew_and_to_nothing_else() -> None:
    assert is_superseded(SHIP, [said("later"), said("ship")], a_gate())
    assert not is_superseded(SHIP, [said("later"), said("mend")], a_gate())


@pytest.mark.parametrize("choice", ["ship", "later", "mend"])
def test_a_hold_gives_way_to_whatever_the_same_person_says_next(choice: str) -> None:
    assert is_superseded(LATER, [said(choice)], a_gate())


def test_a_person_is_the_same_however_their_name_is_written() -> None:
    assert is_superseded(SHIP, [said("ship", " ADA ")], a_gate())


@pytest.mark.parametrize("one", [SHIP, LATER], ids=["an approval", "a hold"])
def test_what_decided_the_gate_stands_for_ever(one: Interaction) -> None:
    assert not is_superseded(one, [said(one.choice)], a_gate(interaction_id=one.id))


def test_an_answer_that_the_prompt_does_not_know_any_more_is_no_hold() -> None:
    gone = replace(SHIP, choice="gone")
    assert not is_superseded(gone, [said("ship")], a_gate())
    assert is_superseded(gone, [said("gone")], a_gate())
