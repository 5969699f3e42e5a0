"""What may be moved, and the event that says it was.

A move follows an edge of the table in `lane` and brings what the guards of that edge ask for. `--force` passes both: it
takes somebody who says why, and is counted. An illegal move raises and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from signoff.errors import MoveRefusedError
from signoff.missions.event import WORKTREE, Actor, TransitionEvent, name_of
from signoff.missions.finding import TRANSITION_EDGE_ILLEGAL, TRANSITION_FORCE_UNEXPLAINED, TRANSITION_GUARD_NOT_MET
from signoff.missions.lane import EDGES, Lane, has_edge
from signoff.missions.meta import MissionMeta
from signoff.missions.reduce import PackageState

REVIEW_KEYS = ("reviewer", "verdict", "reference")
APPROVED = "approved"


@dataclass(frozen=True)
class MoveWish:
    """Where a package shall go, who wants that, and what they bring.

    `workspace` is the worktree in which it is worked on; `reviewer` whoever is known to review it already; `evidence`
    as it will stand in the event: `{review: {reviewer, verdict, reference}, repos: [...], verification: [...]}`.
    """

    wp_id: str
    to_lane: Lane
    actor: Actor
    force: bool = False
    reason: str | None = None
    evidence: Mapping[str, Any] | None = None
    review_ref: str | None = None
    workspace: str | None = None
    all_subtasks_done: bool = False
    reviewer: str | None = None
    execution_mode: str = WORKTREE
    policy_metadata: Mapping[str, Any] | None = None

    @property
    def actor_name(self) -> str:
        return name_of(self.actor)


@dataclass(frozen=True)
class Guard:
    """What an edge asks for: in words, what to do where it is not there, and whether it is."""

    name: str
    asks_for: str
    remediation: str
    is_met: Callable[[MoveWish], bool]


def review_in(evidence: Mapping[str, Any] | None) -> Mapping[str, str] | None:
    """The review of an event's evidence; None where there is none, or a part of it is missing."""
    review = (evidence or {}).get("review")
    if not isinstance(review, Mapping):
        return None
    is_whole = all(isinstance(review.get(key), str) and review[key].strip() for key in REVIEW_KEYS)
    return review if is_whole else None


def _has_actor(wish: MoveWish) -> bool:
    return bool(wish.actor_name.strip())


def _approves(wish: MoveWish) -> bool:
    review = review_in(wish.evidence)
    return review is not None and review["verdict"] == APPROVED


def _says(text: str | None) -> bool:
    return bool(text and text.strip())


ACTOR = Guard("actor", "an actor", "Say who acts: --actor NAME.", _has_actor)
WORKSPACE = Guard("workspace", "a workspace", "Start it in its lane's worktree: signoff mission start.",
                  lambda wish: _says(wish.workspace))  # fmt: skip
SUBTASKS = Guard("subtasks", "all subtasks done", "Do what is open in the work package's file, and tick it there.",
                 lambda wish: wish.all_subtasks_done)  # fmt: skip
EVIDENCE = Guard("evidence", "evidence of the work", "Commit the work in the lane's worktree, then submit it.",
                 lambda wish: bool(wish.evidence))  # fmt: skip
APPROVAL = Guard("approval", "a reviewer's evidence: reviewer, verdict approved, reference",
                 "Have it reviewed and approved: signoff mission review.", _approves)  # fmt: skip
REASON = Guard("reason", "a reason", "Say why: --reason TEXT.", lambda wish: _says(wish.reason))
SOLE_REVIEWER = Guard("sole-reviewer", "no other reviewer", "Leave it to whoever reviews it.",
                      lambda wish: wish.reviewer in (None, "", wish.actor_name))  # fmt: skip
REVIEW_RESULT = Guard("review-result", "a review's result: reviewer, verdict, reference",
                      "Answer the review's gate: signoff gate list.",
                      lambda wish: review_in(wish.evidence) is not None)  # fmt: skip
REVIEW_REF = Guard("review-ref", "the review that sends it back", "Name the review that asks for it in review_ref.",
                   lambda wish: _says(wish.review_ref))  # fmt: skip

GUARDS: Mapping[tuple[Lane, Lane], tuple[Guard, ...]] = {
    (Lane.PLANNED, Lane.CLAIMED): (ACTOR,),
    (Lane.CLAIMED, Lane.IN_PROGRESS): (WORKSPACE,),
    (Lane.IN_PROGRESS, Lane.FOR_REVIEW): (SUBTASKS, EVIDENCE),
    (Lane.IN_PROGRESS, Lane.APPROVED): (APPROVAL,),
    (Lane.IN_PROGRESS, Lane.PLANNED): (REASON,),
    (Lane.FOR_REVIEW, Lane.IN_REVIEW): (ACTOR, SOLE_REVIEWER),
    **{(Lane.IN_REVIEW, to_lane): (REVIEW_RESULT,) for to_lane in EDGES[Lane.IN_REVIEW]},
    (Lane.IN_REVIEW, Lane.APPROVED): (APPROVAL,),
    (Lane.IN_REVIEW, Lane.DONE): (APPROVAL,),
    (Lane.APPROVED, Lane.DONE): (APPROVAL,),
    (Lane.APPROVED, Lane.IN_PROGRESS): (REVIEW_REF,),
    (Lane.APPROVED, Lane.PLANNED): (REVIEW_REF,),
}


def check_move(state: PackageState | None, wish: MoveWish) -> None:
    """
    Args:
        state: where the package is; None before its first event.

    Raises:
        MoveRefusedError: which edge or guard is in the way, and how to go on; nothing was changed.
    """
    from_lane = Lane.GENESIS if state is None else state.lane
    if wish.to_lane is Lane.GENESIS:
        raise _no_edge(from_lane, wish, "Nothing goes back to genesis, by force neither.")
    if wish.force:
        _check_force(from_lane, wish)
        return
    if not has_edge(from_lane, wish.to_lane):
        raise _no_edge(from_lane, wish, _ways_on(from_lane))
    for guard in GUARDS.get((from_lane, wish.to_lane), ()):
        if not guard.is_met(wish):
            raise _refused(
                from_lane,
                wish,
                f"{wish.wp_id} goes from {from_lane} to {wish.to_lane} only with {guard.asks_for}.",
                diagnostic_code=TRANSITION_GUARD_NOT_MET,
                remediation=guard.remediation,
                guard=guard.name,
            )


def make_event(
    wish: MoveWish, state: PackageState | None, *, meta: MissionMeta, event_id: str, at: str
) -> TransitionEvent:
    """The event of a move that was checked, at this instant (ISO 8601, UTC, microseconds)."""
    return TransitionEvent(
        event_id=event_id,
        at=at,
        actor=wish.actor,
        mission_id=meta.mission_id,
        mission_slug=meta.mission_slug,
        wp_id=wish.wp_id,
        from_lane=Lane.GENESIS if state is None else state.lane,
        to_lane=wish.to_lane,
        force=wish.force,
        reason=wish.reason,
        execution_mode=wish.execution_mode,
        evidence=wish.evidence,
        review_ref=wish.review_ref,
        policy_metadata=wish.policy_metadata,
    )


def _check_force(from_lane: Lane, wish: MoveWish) -> None:
    if not (_has_actor(wish) and _says(wish.reason)):
        raise _refused(
            from_lane,
            wish,
            f"Forcing {wish.wp_id} to {wish.to_lane} takes an actor and a reason.",
            diagnostic_code=TRANSITION_FORCE_UNEXPLAINED,
            remediation="Say who, and why: --actor NAME --reason TEXT.",
        )


def _ways_on(from_lane: Lane) -> str:
    onward = ", ".join(EDGES[from_lane])
    ways = f"From {from_lane} it can go to: {onward}." if onward else f"Nothing leaves {from_lane}."
    return f"{ways} Somebody who can say why may go past that with --force --reason TEXT."


def _no_edge(from_lane: Lane, wish: MoveWish, remediation: str) -> MoveRefusedError:
    return _refused(
        from_lane,
        wish,
        f"{wish.wp_id} is in {from_lane}, from which nothing goes to {wish.to_lane}.",
        diagnostic_code=TRANSITION_EDGE_ILLEGAL,
        remediation=remediation,
    )


def _refused(
    from_lane: Lane, wish: MoveWish, message: str, *, diagnostic_code: str, remediation: str, guard: str | None = None
) -> MoveRefusedError:
    details = {
        "violated_invariant": "STA-005",
        "work_package_id": wish.wp_id,
        "from_lane": from_lane.value,
        "requested_lane": wish.to_lane.value,
        **({} if guard is None else {"guard": guard}),
    }
    return MoveRefusedError(message, diagnostic_code=diagnostic_code, remediation=remediation, details=details)
