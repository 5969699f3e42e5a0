"""How far a gate is from its end: what each approving choice lacks, also once whoever looks has approved it, and what
people have said that still counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signoff.gates.gate import Gate, in_own_name
from signoff.gates.interaction import Interaction, is_superseded
from signoff.gates.name import is_same
from signoff.gates.prompt import APPROVE, Choice
from signoff.gates.reply import Reply, read_reply
from signoff.gates.requirement import Actor, Need, places_left
from signoff.inbox import words


@dataclass(frozen=True)
class Said:
    """An answer that was given, and what it was understood to say. `counts`: nothing that the same person said later
    has taken its place."""

    one: Interaction
    reply: Reply
    counts: bool


@dataclass(frozen=True)
class Seat:
    """A need, and how many of its places are still open."""

    need: Need
    left: int


@dataclass(frozen=True)
class Way:
    """An approving choice: the places that it lacks, by the need's label, and those that it lacks once whoever looks
    has approved it (again, where `has_approved`)."""

    choice: Choice
    left: Mapping[str, int]
    left_after: Mapping[str, int]
    has_approved: bool

    @property
    def lets_go_on(self) -> bool:
        return not self.left_after

    @property
    def effect(self) -> str:
        """What the approval of whoever looks does, as in `words.EFFECTS`."""
        if self.lets_go_on:
            return words.EFFECTS[APPROVE]
        return f"{self._step}; still needed after it: {words.needed(self.left_after)}"

    @property
    def _step(self) -> str:
        if self.left_after != self.left:
            return "is one of the approvals that it needs"
        return "adds nothing, you have approved already" if self.has_approved else "fills none of the places still open"


def ways_of(gate: Gate, answers: Sequence[Interaction], actor: Actor) -> dict[str, Way]:
    """By the choice's key. They are counted as a reply counts them: each choice by itself, in the actor's own name."""
    return {
        choice.key: _way(gate, answers, actor, choice) for choice in gate.prompt.choices if choice.effect == APPROVE
    }


def effects_of(gate: Gate, ways: Mapping[str, Way]) -> dict[str, str]:
    """What each choice does, in words, by its key."""
    return {c.key: ways[c.key].effect if c.key in ways else words.EFFECTS[c.effect] for c in gate.prompt.choices}


def seats_of(gate: Gate, ways: Mapping[str, Way]) -> list[Seat]:
    """What is asked, and what the choice that is closest to an approval lacks."""
    left = min((way.left for way in ways.values()), key=lambda places: sum(places.values()))
    return [Seat(need, left.get(need.label, 0)) for need in gate.requirement.needs]


def said_at(gate: Gate, answers: Sequence[Interaction]) -> list[Said]:
    """Everything that was said, in its order."""
    return [
        Said(one, read_reply(one.payload, gate.prompt), counts=not is_superseded(one, answers[n + 1 :], gate))
        for n, one in enumerate(answers)
    ]


def of_person(said: Sequence[Said], actor: Actor) -> list[Said]:
    """What somebody has said that counts."""
    return [one for one in said if one.counts and is_same(one.one.actor, actor.name)]


def _way(gate: Gate, answers: Sequence[Interaction], actor: Actor, choice: Choice) -> Way:
    approvers = [one.answerer for one in answers if one.choice == choice.key]
    return Way(
        choice=choice,
        left=places_left(gate.requirement, approvers),
        left_after=places_left(gate.requirement, [*approvers, in_own_name(actor, gate)]),
        has_approved=any(is_same(one.name, actor.name) for one in approvers),
    )
