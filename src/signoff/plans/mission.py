"""The plans of a mission's gates: the review of a work package, and the sign-off before a mission is shipped.

    review  -- approve or reject --> record     the review-cycle file and the event of the transition
    sign-off -- approve --> release             the release report

Both begin at their gate, which is opened with the run (`app.begin_at_gate`): asking takes no worker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from signoff.gates.deadline import Ladder
from signoff.gates.name import NAME_CHARS_MAX
from signoff.gates.prompt import APPROVE, BODY_CHARS_MAX, ITEMS_MAX, REJECT, TEXT_CHARS_MAX, TITLE_CHARS_MAX
from signoff.gates.requirement import NAMES_MAX, Requirement
from signoff.plans.markdown import in_code, line, paragraphs, quoted
from signoff.plans.mission_kind import RECIPE, REVIEW, SIGN_OFF
from signoff.plans.plan import GateNode, Plan, StepNode, make_plan

#: What the steps after the gates do.
RECORD_REVIEW, RELEASE = "mission-record", "mission-ship"
#: The nodes of the steps behind the gates.
RECORD_NODE, RELEASE_NODE = "record", "release"
REVIEW_TTL_S = 604_800
#: Whoever did the work is asked for it, and somebody else approves it.
BY_SOMEBODY_ELSE = Requirement(not_requester=True)

_WORK_CHARS_MAX = BODY_CHARS_MAX // 2
_ROWS_SHOWN_MAX = 500
_PEOPLE_SHOWN_MAX = 20


@dataclass(frozen=True)
class ReviewAsked:
    """`implementers` are all who had a part in the work; the last of them is asked for it, and gets the feedback.
    `work` is the body of the work package's file, `subtasks` the texts of its subtasks, `evidence` what there is to
    look at, as a prompt takes it."""

    title: str
    implementers: tuple[str, ...]
    work: str
    subtasks: tuple[str, ...] = ()
    evidence: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class SignOffAsked:
    """What is asked before a mission is shipped: `report` is what an approval releases (`runners.mission.ship`), the
    others are what the policy says of the risk."""

    report: Mapping[str, Any]
    requirement: Requirement
    ttl_s: int
    requested_by: str
    reasons: tuple[str, ...] = ()
    ladder: Ladder = ()
    automatic: str | None = None


def review_plan(asked: ReviewAsked, about: Mapping[str, str]) -> Plan:
    """
    Args:
        about: `{kind, repo_root, folder, mission_id, mission_slug, work_package_id, lane_worktree, mission_branch,
            lane_branch, base_ref, base_commit, lane_commit, invocation_id, prompt_path, created_at, from_event,
            execution_mode}`.
    """
    gate = GateNode(
        id=REVIEW,
        purpose=REVIEW,
        label=f"Review of {about['work_package_id']}",
        ways={APPROVE: RECORD_NODE, REJECT: RECORD_NODE},
        ttl_s=REVIEW_TTL_S,
        next_action="REVIEW_WORK_PACKAGE",
        prompt=_review_prompt(asked, about),
        requirement=replace(BY_SOMEBODY_ELSE, not_by=_people(asked.implementers[:-1])),
        requested_by=asked.implementers[-1],
    )
    return make_plan(RECIPE, [gate, StepNode(RECORD_NODE, RECORD_REVIEW, None)], about=about)


def sign_off_plan(asked: SignOffAsked, about: Mapping[str, str]) -> Plan:
    """
    Args:
        about: `{kind, repo_root, folder, mission_id, mission_slug, target_branch, target_commit}`.
    """
    gate = GateNode(
        id=SIGN_OFF,
        purpose=SIGN_OFF,
        label=f"Sign-off of {about['mission_slug']}",
        ways={APPROVE: RELEASE_NODE},
        ttl_s=asked.ttl_s,
        next_action="SIGN_OFF_MISSION",
        prompt=_sign_off_prompt(asked, about),
        requirement=asked.requirement,
        ladder=asked.ladder,
        requested_by=asked.requested_by,
        automatic=asked.automatic,
    )
    release = StepNode(RELEASE_NODE, RELEASE, None, params={"report": dict(asked.report)})
    return make_plan(RECIPE, [gate, release], about=about)


def _people(names: Sequence[str]) -> tuple[str, ...]:
    """Nobody answers under a name that is longer than any."""
    return tuple(name for name in names if len(name) <= NAME_CHARS_MAX)[-NAMES_MAX:]


def _review_prompt(asked: ReviewAsked, about: Mapping[str, str]) -> dict[str, Any]:
    work_package = about["work_package_id"]
    return {
        "title": line(f"Review {work_package}: {asked.title}")[:TITLE_CHARS_MAX],
        "body": _review_body(asked, about),
        "checklist": _checklist("Subtasks", asked.subtasks),
        "choices": [
            {"key": "approve", "label": "Approve the work", "effect": "approve"},
            {"key": "reject", "label": "Send it back with feedback", "effect": "reject"},
            {"key": "defer", "label": "Defer: leave it open", "effect": "hold"},
        ],
        "evidence": [dict(piece) for piece in asked.evidence],
        "payload": {"subject": dict(about)},
    }


def _review_body(asked: ReviewAsked, about: Mapping[str, str]) -> str:
    diff = f"git diff {about['base_commit']} {about['lane_commit']}"
    return paragraphs(
        f"**Mission:** {in_code(about['mission_slug'])}, work package {in_code(about['work_package_id'])}, "
        f"done by {line(', '.join(_people(asked.implementers)[-_PEOPLE_SHOWN_MAX:]))}",
        f"- in {in_code(about['lane_branch'])}, from {in_code(about['base_ref'])} of "
        f"{in_code(about['mission_branch'])}\n"
        f"- see it with {in_code(diff)}\n"
        f"- prompt for a reviewing agent: {in_code(about['prompt_path'])}",
        f"### Work package\n\n{_shown(asked.work)}" if asked.work.strip() else "",
        "A rejection sends it back to whoever did it: what you say is their feedback.",
    )


def _shown(work: str) -> str:
    """Whole or not at all: a part would pass for the whole."""
    return quoted(work.strip()) if len(work) <= _WORK_CHARS_MAX else "Too long to be shown here; its file holds it."


def _checklist(category: str, texts: Sequence[str]) -> list[dict[str, Any]]:
    shown = [line(text)[:TEXT_CHARS_MAX] for text in texts if text.strip()][:ITEMS_MAX]
    items = [{"id": f"1.{n}", "text": text, "checked": False} for n, text in enumerate(shown, start=1)]
    return [{"category": category, "items": items}] if items else []


def _sign_off_prompt(asked: SignOffAsked, about: Mapping[str, str]) -> dict[str, Any]:
    return {
        "title": line(f"Ship {about['mission_slug']} on {about['target_branch']}")[:TITLE_CHARS_MAX],
        "body": _sign_off_body(asked, about),
        "choices": [
            {"key": "approve", "label": "Ship it", "effect": "approve"},
            {"key": "reject", "label": "Do not ship it", "effect": "reject"},
            {"key": "defer", "label": "Defer: leave it open", "effect": "hold"},
        ],
        "payload": {"subject": dict(about), "report": dict(asked.report)},
    }


def _sign_off_body(asked: SignOffAsked, about: Mapping[str, str]) -> str:
    rows = asked.report["work_packages"]
    shown = "\n".join(_row(row) for row in rows[:_ROWS_SHOWN_MAX])
    more = f"\n- and {len(rows) - _ROWS_SHOWN_MAX} more in the payload" if len(rows) > _ROWS_SHOWN_MAX else ""
    warnings = "\n".join(f"- {in_code(one['diagnostic_code'])}: {in_code(one['message'])}" for one in _warnings(asked))
    return paragraphs(
        f"**Mission:** {in_code(about['mission_slug'])} on {in_code(about['target_branch'])}, at "
        f"{in_code(about['target_commit'])}",
        f"### Work packages\n\n{shown}{more}",
        f"### Warnings\n\n{warnings}" if warnings else "",
        "### Why it is asked\n\n" + "\n".join(f"- {line(one)}" for one in asked.reasons) if asked.reasons else "",
    )


def _warnings(asked: SignOffAsked) -> Sequence[Mapping[str, Any]]:
    return [one for one in asked.report.get("findings", []) if one["severity"] == "warning"][:_ROWS_SHOWN_MAX]


def _row(row: Mapping[str, Any]) -> str:
    """What strangers have called things stands in code: it is read as it was written."""
    called = " ".join(in_code(str(row[key])) for key in ("work_package_id", "title") if str(row[key] or "").strip())
    said = f"{row['verdict']} by {in_code(str(row['reviewer']))}" if row.get("verdict") else "no review"
    override = f", overridden by {in_code(str(row['override_actor']))}" if row.get("override_actor") else ""
    return f"- {called}: {row['lane']}, {said}{override}"
