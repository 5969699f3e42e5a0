"""What may be moved, and the event that says it was.

A move follows an edge of the table in `lane` and brings what the guards of that edge ask for. `--force` passes both: it
takes somebody who says why, and is counted. An illegal move raises and changes nothing.

A package is put before its reviewer, and let through or sent back, by the gate of its review alone. Where an approval
comes from elsewhere, as evidence, it is somebody's who did not work on the package; whether there is a decision behind
it is asked before a release (`approval`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from signoff.errors import MoveRefusedError
from signoff.gates.name import is_same
from signoff.missions.event import WORKTREE, Actor, TransitionEvent, name_of
from signoff.missions.finding import (
    ACTIVE_WP_CONTEXT_AMBIGUOUS,
    TRANSITION_EDGE_ILLEGAL,
    TRANSITION_FORCE_UNEXPLAINED,
    TRANSITION_GUARD_NOT_MET,
)
from signoff.missions.lane import ACTIVE, EDGES, Lane, has_edge
from signoff.missions.meta import MissionMeta
from signoff.missions.reduce import PackageState

REVIEW_KEYS = ("reviewer", "verdict", "reference")
APPROVED = "approved"

#: Where every package is, by its id; those of which nothing was said are not in it.
Packages = Mapping[str, PackageState]


@dataclass(frozen=True)
class MoveWish:
    """Where a package shall go, who wants that, and what they bring.

    `workspace` is the worktree in which it is worked on, `lane_mates` the packages that are worked on in the same;
    `review_of` is the id of the event that the gate of its review is about, None for a move that no gate makes;
    `evidence` as it will stand in the event: `{review: {reviewer, verdict, reference}, repos: [...], verification:
    [...]}`.
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
    lane_mates: tuple[str, ...] = ()
    review_of: str | None = None
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
    is_met: Callable[[PackageState | None, MoveWish], bool]


def review_in(evidence: Mapping[str, Any] | None) -> Mapping[str, str] | None:
    """The review of an event's evidence; None where there is none, or a part of it is missing."""
    review = (evidence or {}).get("review")
    if not isinstance(review, Mapping):
        return None
    is_whole = all(isinstance(review.get(key), str) and review[key].strip() for key in REVIEW_KEYS)
    return review if is_whole else None


def is_implementer(state: PackageState | None, name: str) -> bool:
    """Whether they had a part in the work, however the name is written."""
    return state is not None and any(is_same(one, name) for one in state.implementers)


def _has_actor(wish: MoveWish) -> bool:
    return bool(wish.actor_name.strip())


def _approves(wish: MoveWish) -> bool:
    review = review_in(wish.evidence)
    return review is not None and review["verdict"] == APPROVED


def _is_somebody_elses(state: PackageState | None, wish: MoveWish) -> bool:
    review = review_in(wish.evidence)
    return review is None or not is_implementer(state, review["reviewer"])


def _is_at_gate(state: PackageState | None, wish: MoveWish) -> bool:
    """A gate that is about an earlier submission says nothing about this one."""
    return state is not None and wish.review_of == state.last_event_id


def _says(text: str | None) -> bool:
    return bool(text and text.strip())


ACTOR = Guard("actor", "an actor", "Say who acts: --actor NAME.", lambda _, wish: _has_actor(wish))
WORKSPACE = Guard("workspace", "a workspace", "Start it in its lane's worktree: signoff mission start.",
                  lambda _, wish: _says(wish.workspace))  # fmt: skip
SUBTASKS = Guard("subtasks", "all subtasks done", "Do what is open in the work package's file, and tick it there.",
                 lambda _, wish: wish.all_subtasks_done)  # fmt: skip
EVIDENCE = Guard("evidence", "evidence of the work", "Commit the work in the lane's worktree, then submit it.",
                 lambda _, wish: bool(wish.evidence))  # fmt: skip
APPROVAL = Guard("approval", "a reviewer's evidence: reviewer, verdict approved, reference",
                 "Have it reviewed and approved: signoff mission review.",
                 lambda _, wish: _approves(wish))  # fmt: skip
OTHER_REVIEWER = Guard("other-reviewer", "a reviewer who had no part in the work",
                       "Have somebody else review it: signoff mission review.", _is_somebody_elses)  # fmt: skip
REASON = Guard("reason", "a reason", "Say why: --reason TEXT.", lambda _, wish: _says(wish.reason))
SOLE_REVIEWER = Guard("sole-reviewer", "the gate of its review, where one reviewer decides and no other",
                      "Have it reviewed: signoff mission review.", _is_at_gate)  # fmt: skip
REVIEW_RESULT = Guard("review-result", "a review's result from its gate: reviewer, verdict, reference",
                      "Answer the review's gate: signoff gate list. Who can say why may go past it with --force "
                      "--reason TEXT; that is recorded.",
                      lambda at, wish: _is_at_gate(at, wish) and review_in(wish.evidence) is not None)  # fmt: skip
REVIEW_REF = Guard("review-ref", "the review that sends it back", "Name the review that asks for it: --review-ref.",
                   lambda _, wish: _says(wish.review_ref))  # fmt: skip

GUARDS: Mapping[tuple[Lane, Lane], tuple[Guard, ...]] = {
    (Lane.PLANNED, Lane.CLAIMED): (ACTOR,),
    (Lane.CLAIMED, Lane.IN_PROGRESS): (WORKSPACE,),
    (Lane.IN_PROGRESS, Lane.FOR_REVIEW): (SUBTASKS, EVIDENCE),
    (Lane.IN_PROGRESS, Lane.APPROVED): (APPROVAL, OTHER_REVIEWER),
    (Lane.IN_PROGRESS, Lane.PLANNED): (REASON,),
    (Lane.FOR_REVIEW, Lane.IN_REVIEW): (ACTOR, SOLE_REVIEWER),
    **{(Lane.IN_REVIEW, to_lane): (REVIEW_RESULT,) for to_lane in EDGES[Lane.IN_REVIEW]},
    (Lane.IN_REVIEW, Lane.APPROVED): (REVIEW_RESULT, APPROVAL, OTHER_REVIEWER),
    (Lane.IN_REVIEW, Lane.DONE): (REVIEW_RESULT, APPROVAL, OTHER_REVIEWER),
    (Lane.APPROVED, Lane.DONE): (APPROVAL, OTHER_REVIEWER),
    (Lane.APPROVED, Lane.IN_PROGRESS): (REVIEW_REF,),
    (Lane.APPROVED, Lane.PLANNED): (REVIEW_REF,),
}


def check_move(packages: Packages, wish: MoveWish) -> None:
    """
    Raises:
        MoveRefusedError: which edge or guard is in the way, and how to go on; nothing was changed.
    """
    state = packages.get(wish.wp_id)
    from_lane = Lane.GENESIS if state is None else state.lane
    if wish.to_lane is Lane.GENESIS:
        raise _no_edge(from_lane, wish, "Nothing goes back to genesis, by force neither.")
    if wish.force:
        _check_force(from_lane, wish)
        return
    if not has_edge(from_lane, wish.to_lane):
        raise _no_edge(from_lane, wish, _ways_on(from_lane))
    for guard in GUARDS.get((from_lane, wish.to_lane), ()):
        if not guard.is_met(state, wish):
            raise _refused(
                from_lane,
                wish,
                f"{wish.wp_id} goes from {from_lane} to {wish.to_lane} only with {guard.asks_for}.",
                diagnostic_code=TRANSITION_GUARD_NOT_MET,
                remediation=guard.remediation,
                guard=guard.name,
            )
    if wish.to_lane is Lane.IN_PROGRESS:
        check_lane_free(packages, wish)


def check_lane_free(packages: Packages, wish: MoveWish) -> None:
    """Packages that share a worktree are worked on one after another.

    Raises:
        MoveRefusedError: (`ACTIVE_WP_CONTEXT_AMBIGUOUS`) another one is worked on, or looked at.
    """
    busy = [one for one in wish.lane_mates if one in packages and packages[one].lane in ACTIVE]
    if not busy:
        return
    state = packages.get(wish.wp_id)
    raise _refused(
        Lane.GENESIS if state is None else state.lane,
        wish,
        f"The lane of {wish.wp_id} is taken: {', '.join(busy)} of it {'is' if len(busy) == 1 else 'are'} not approved "
        "yet.",
        diagnostic_code=ACTIVE_WP_CONTEXT_AMBIGUOUS,
        remediation="Packages of a lane share one worktree: finish it first, or move it to blocked; then start again.",
        wp_ids=busy,
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
    from_lane: Lane, wish: MoveWish, message: str, *, diagnostic_code: str, remediation: str, **more: Any
) -> MoveRefusedError:
    details = {
        "violated_invariant": "STA-005",
        "work_package_id": wish.wp_id,
        "from_lane": from_lane.value,
        "requested_lane": wish.to_lane.value,
        **more,
    }
    return MoveRefusedError(message, diagnostic_code=diagnostic_code, remediation=remediation, details=details)
