"""The course of a story through its phases, as its history tells it: what of it still stands at the end.

Stories go back: something is fixed, asked anew, refused after it was approved. What was seen or approved before that is
then not what the story ended with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from signoff.stories.state import Event, HistoryEntry, Kind, Phase, word

#: Through which each story goes, in their order; fixing is done by those only of whom it is asked.
PHASES = (Phase.DRAFTING, Phase.VALIDATING, Phase.IMPLEMENTING, Phase.QA_REVIEW, Phase.COMMITTING)
_PLACES = {**{phase: place for place, phase in enumerate(PHASES)}, Phase.FIXING: PHASES.index(Phase.IMPLEMENTING)}
_PHASE_OF = {Kind.PO: Phase.VALIDATING, Kind.QA: Phase.QA_REVIEW, Kind.COMMIT: Phase.COMMITTING}
_KIND_OF = {phase: kind for kind, phase in _PHASE_OF.items()}
_KIND = re.compile(r"(po|qa|commit)[ _-]?approval", re.IGNORECASE)

_WORK = (Event.PHASE_CHANGED, Event.AGENT_STARTED, Event.AGENT_COMPLETED)
_SAID = (Event.CHECKPOINT_REACHED, Event.USER_APPROVED, Event.USER_REJECTED, Event.USER_DEFERRED)


@dataclass(frozen=True)
class Course:
    """`seen` are the phases of which an entry tells, or one of the checkpoint at their end. `approved` are the
    checkpoints at which an approval was the last word. `reached` is the checkpoint that was named last."""

    seen: frozenset[Phase] = frozenset()
    approved: frozenset[Kind] = frozenset()
    reached: Kind | None = None

    @property
    def furthest(self) -> int:
        """How many phases lie before the last one that was seen."""
        return max((_PLACES[phase] for phase in self.seen), default=0)

    def after(self, entry: HistoryEntry) -> Course:
        course, named = self, None
        if entry.event in _WORK and entry.phase is not None:
            course = course._worked(entry.phase)
        elif entry.event in _SAID or (entry.event is Event.ERROR and "checkpoint" in entry.facts):
            named = _kind(entry)
            course = course._said(entry, named)
        phases = (entry.phase, None if named is None else _PHASE_OF[named])
        return replace(course, seen=course.seen | {phase for phase in phases if phase is not None})

    def _worked(self, phase: Phase) -> Course:
        """What comes after this phase is done, and approved, anew, and so is what is approved at its end. But a commit
        is made after its approval."""
        place = _PLACES[phase]
        seen = frozenset(one for one in self.seen if _PLACES[one] <= place)
        return replace(self._from(place + (phase is Phase.COMMITTING)), seen=seen)

    def _said(self, entry: HistoryEntry, named: Kind | None) -> Course:
        """What is asked, refused or put off is not approved any more; and an approval that comes before one at an
        earlier checkpoint came too early."""
        course = replace(self, reached=named) if entry.event is Event.CHECKPOINT_REACHED else self
        kind = named or course.reached
        if kind is None:
            return course
        course = course._from(_PLACES[_PHASE_OF[kind]])
        is_approved = entry.event is Event.USER_APPROVED
        return replace(course, approved=course.approved | {kind}) if is_approved else course

    def _from(self, place: int) -> Course:
        """Without the approvals at the ends of this phase and of those after it."""
        return replace(self, approved=frozenset(one for one in self.approved if _PLACES[_PHASE_OF[one]] < place))


def course_of(entries: Iterable[HistoryEntry]) -> Course:
    """The course until the story was completed."""
    course = Course()
    for entry in entries:
        course = course.after(entry)
        if entry.event is Event.COMPLETED:
            break
    return course


def _kind(entry: HistoryEntry) -> Kind | None:
    """The checkpoint that an entry is of: that of its fields, else the one that its prose names."""
    named = word(Kind, entry.facts.get("checkpoint")) or (None if entry.phase is None else _KIND_OF.get(entry.phase))
    found = _KIND.search(str(entry.raw.get("details")))
    return named or (None if found is None else Kind(f"{found[1].lower()}_approval"))
