"""`missions.md`: the files of a mission, its lanes with their edges and guards, and the codes of what is found."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields

from signoff.missions import reduce
from signoff.missions.event import TransitionEvent
from signoff.missions.finding import CODES, INVARIANTS, SEVERITIES
from signoff.missions.lane import EDGES, FINAL, Lane
from signoff.missions.move import GUARDS

from .markdown import code, described, fence, page, table

FILES = (
    ("`spec.md`, `plan.md`, `tasks.md`", "What shall be so, how, and the work packages with their subtasks."),
    ("`meta.json`", "Which mission this is: `mission_id`, `mission_number`, `mission_slug`, `mission_type`, "
     "`target_branch`."),
    ("`tasks/WPnn-name.md`", "A work package: front matter (`work_package_id`, `owned_files`, `subtasks`, ...), and "
     "what is to be done. Keys that nobody knows are kept and told."),
    ("`tasks/WPnn-name/review-cycle-N.md`", "A review: front matter (`cycle_number`, `mission_slug`, `wp_id`, "
     "`verdict` approved or rejected, `reviewer_agent`, `reviewed_at`), and what it says. The newest has the highest "
     "number in its name."),
    ("`lanes.json`", "Which packages share a branch and a worktree, what these are called, and which lane waits for "
     "which."),
    ("`status.events.jsonl`", "What happened: one event a line. This is the truth."),
    ("`status.json`", "What the events add up to. It is made from them, and can be thrown away."),
)  # fmt: skip

_LANES: Mapping[str, str] = {
    Lane.GENESIS: "Where a package comes from with its first event; none ever is in it.",
    Lane.PLANNED: "It is there to be taken.",
    Lane.CLAIMED: "Somebody has taken it.",
    Lane.IN_PROGRESS: "Somebody works on it. `doing` in older logs.",
    Lane.FOR_REVIEW: "It is done as far as its implementer is concerned.",
    Lane.IN_REVIEW: "Somebody reviews it.",
    Lane.APPROVED: "A review let it through.",
    Lane.DONE: "It is merged.",
    Lane.BLOCKED: "It waits for something else.",
    Lane.CANCELED: "It will not be done.",
}

_MEMBERS: Mapping[str, str] = {
    "event_id": "A ULID; UUIDs in older logs. Two events of one id are one: the first line counts.",
    "at": "When, in ISO 8601 with an offset.",
    "actor": "Who: a name, or an object that says which program.",
    "mission_id": "The mission's ULID; older logs have none.",
    "mission_slug": "The mission's name; `feature_slug` in older logs.",
    "wp_id": "The work package.",
    "from_lane": "Where it was.",
    "to_lane": "Where it is from now on.",
    "force": "Whether edge and guards were passed over.",
    "reason": "Why; a forced move has one.",
    "execution_mode": "`worktree` or `direct_repo`.",
    "evidence": "`review` {reviewer, verdict, reference}, `repos` [], `verification` [].",
    "review_ref": "The review that led to it.",
    "policy_metadata": "What else was noted, such as the process that made a claim.",
}


def missions_page() -> str:
    return page(
        "Missions",
        "A mission is a folder, `missions/<slug>/` or `kitty-specs/<slug>/`, in a git repository. How to take over one "
        "that is there already: [adopt an existing mission tree](../how-to/adopt-an-existing-mission-tree.md). Why its "
        "events are the truth: [events are the truth](../explanation/events-are-the-truth.md).",
        "## Files",
        table(("file", "what it says"), FILES),
        "## Events",
        "One JSON object a line, its keys sorted. Members that nobody knows are kept. Lines with `kind`, `event_type`, "
        "`type` or `event_name` in place of `to_lane` say something else; they are counted apart.",
        table(("member", "meaning"), map(_member_row, _members())),
        inspect.cleandoc(reduce.__doc__ or "").split("\n\n", 1)[1],
        "## Lanes",
        table(("lane", "final", "meaning"), _lane_rows()),
        "## Moves",
        "Where there is no row there is no way. `--force` passes edge and guards; it takes an actor and a reason, is "
        "counted, and never leads to `genesis`. Into and out of `in_review` leads the gate of a review alone; what is "
        "accepted without its decision is found before a release.",
        fence("\n".join(_diagram()), "mermaid"),
        table(("from", "to", "asks for"), _edge_rows()),
        "## What is found",
        "`signoff mission validate PATH... --json` prints `{missions: [{mission_slug, path, findings: "
        "[{diagnostic_code, severity, work_package_id?, message, ...}]}], summary: {code: count}}`. Exit status 0: "
        "nothing was found, or warnings only; 1: an error; 2: there is no mission at a path. Other commands stop with "
        "these codes too: exit status 1, and with `--json` `{diagnostic_code, remediation, ...}`.",
        table(("code", "in validate", "meaning"), _code_rows()),
        "## What a transition promises",
        "A transition that failed names the rule in `violated_invariant`.",
        table(("rule", "meaning"), ((code(name), words) for name, words in INVARIANTS.items())),
    )


def _members() -> list[str]:
    return [one.name for one in fields(TransitionEvent) if one.name not in ("extra", "line")]


def _member_row(name: str) -> tuple[str, str]:
    return code(name), described(_MEMBERS, name, what="member of an event")


def _lane_rows() -> Iterator[tuple[str, ...]]:
    for lane in Lane:
        yield code(lane), "yes" if lane in FINAL else "no", described(_LANES, lane, what="lane")


def _diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    for before, onward in EDGES.items():
        start = "[*]" if before is Lane.GENESIS else before
        yield from (f"    {start} --> {after}" for after in onward)
        if before in FINAL:
            yield f"    {before} --> [*]"


def _edge_rows() -> Iterator[tuple[str, ...]]:
    for before, onward in EDGES.items():
        for after in onward:
            yield code(before), code(after), "; ".join(guard.asks_for for guard in GUARDS.get((before, after), ()))


def _code_rows() -> Iterator[tuple[str, ...]]:
    for name, words in sorted(CODES.items()):
        yield code(name), SEVERITIES.get(name, ""), words
