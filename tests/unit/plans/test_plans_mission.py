"""The plans of a mission's gates, and what people are shown at them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from signoff.gates.prompt import APPROVE, BODY_CHARS_MAX, HOLD, REJECT, build_prompt
from signoff.gates.requirement import ANYONE_ONCE
from signoff.plans import plan as plans
from signoff.plans.mission import (
    RECORD_REVIEW,
    RELEASE,
    ReviewAsked,
    SignOffAsked,
    review_plan,
    sign_off_plan,
)
from signoff.plans.mission_kind import REVIEW, SIGN_OFF

REVIEWED = {
    "kind": REVIEW,
    "repo_root": "/r",
    "folder": "missions/m",
    "mission_id": "01KAJ2V3Q4R5S6T7V8W9X0Y1Z2",
    "mission_slug": "m",
    "work_package_id": "WP01",
    "lane_worktree": "/r/.worktrees/m",
    "mission_branch": "mission/m",
    "lane_branch": "mission/m-lane-a",
    "base_ref": "mission/m",
    "base_commit": "b" * 40,
    "lane_commit": "a" * 40,
    "invocation_id": "01KAJ2V3Q4R5S6T7V8W9X0Y1Z3",
    "prompt_path": "/p.md",
    "created_at": "2026-05-02T09:50:15.123456+00:00",
    "from_event": "01KAJ2V3Q4R5S6T7V8W9X0Y1Z4",
}
SIGNED = {"kind": SIGN_OFF, "mission_slug": "m", "target_branch": "main", "target_commit": "c" * 40}
ROW = {"work_package_id": "WP01", "title": "The parser", "lane": "done", "verdict": "approved", "reviewer": "grace"}


def review(**changes: Any) -> ReviewAsked:
    return replace(ReviewAsked("The parser", ("ada",), "It parses.", ("T001 Tests", " ", "T002 Code")), **changes)


def sign_off(*rows: dict[str, Any], findings: tuple[dict[str, str], ...] = (), **changes: Any) -> SignOffAsked:
    report = {"work_packages": list(rows), "findings": list(findings)}
    return replace(SignOffAsked(report, ANYONE_ONCE, 60, "ada"), **changes)


def body(prompt: Any) -> str:
    """Of a prompt that a gate takes."""
    return str(build_prompt(prompt, requirement=ANYONE_ONCE, ttl_s=60, now=0).wire["body"])


def test_either_answer_to_a_review_is_recorded_and_whoever_did_the_work_cannot_approve_it() -> None:
    plan = review_plan(review(), REVIEWED)
    gate = plan.gate(plan.start)
    assert {plan.step(gate.ways[effect]).action for effect in (APPROVE, REJECT)} == {RECORD_REVIEW}
    assert (gate.requested_by, gate.requirement.not_requester) == ("ada", True)
    assert plans.from_wire(plans.to_wire(plan)) == plan
    prompt = gate.prompt
    assert prompt is not None
    assert [choice["effect"] for choice in prompt["choices"]] == [APPROVE, REJECT, HOLD]
    assert [item["text"] for item in prompt["checklist"][0]["items"]] == ["T001 Tests", "T002 Code"]
    assert prompt["payload"]["subject"] == REVIEWED
    for said in ("> It parses.", f"git diff {'b' * 40} {'a' * 40}", "mission/m-lane-a", "/p.md", "done by ada"):
        assert said in body(prompt)


def test_all_who_had_a_part_in_the_work_are_kept_from_approving_it_and_the_last_of_them_is_asked_for_it() -> None:
    plan = review_plan(review(implementers=("x" * 201, "ada", "bob")), REVIEWED)
    gate = plan.gate(REVIEW)
    assert (gate.requested_by, gate.requirement.kept_from(gate.requested_by)) == ("bob", ("bob", "ada"))
    assert plans.from_wire(plans.to_wire(plan)) == plan
    assert "done by ada, bob" in body(gate.prompt)


def test_a_text_that_is_too_long_is_shown_nowhere_in_part() -> None:
    prompt = review_plan(review(work="x" * BODY_CHARS_MAX, subtasks=()), REVIEWED).gate(REVIEW).prompt
    assert prompt is not None
    assert "xx" not in body(prompt)
    assert prompt["checklist"] == []
    empty = review_plan(review(work=" "), REVIEWED).gate(REVIEW).prompt
    assert empty is not None
    assert "### Work package" not in body(empty)


def test_only_an_approval_of_the_sign_off_releases_what_was_shown() -> None:
    plan = sign_off_plan(sign_off(ROW), SIGNED)
    gate = plan.gate(plan.start)
    assert set(gate.ways) == {APPROVE}
    step = plan.step(gate.ways[APPROVE])
    assert (step.action, step.params["report"]["work_packages"]) == (RELEASE, [ROW])
    assert gate.prompt is not None
    assert "- `WP01` `The parser`: done, approved by `grace`" in body(gate.prompt)
    assert "### Warnings" not in body(gate.prompt)


def test_the_sign_off_shows_overrides_warnings_reasons_and_how_many_are_not_shown() -> None:
    overridden = {**ROW, "verdict": "rejected", "override_actor": "olga"}
    unreviewed = {**ROW, "verdict": None, "reviewer": None}
    warning = {"diagnostic_code": "A_GAP", "severity": "warning", "message": "one is missing"}
    error = {"diagnostic_code": "A_FAULT", "severity": "error", "message": "it is wrong"}
    rows: list[dict[str, Any]] = [overridden, unreviewed, *[ROW] * 500]
    asked = sign_off(*rows, findings=(warning, error), reasons=("Users see it.",))
    prompt = sign_off_plan(asked, SIGNED).gate(SIGN_OFF).prompt
    assert prompt is not None
    for said in (
        "rejected by `grace`, overridden by `olga`",
        "done, no review",
        "and 2 more",
        "`A_GAP`: `one is missing`",
    ):
        assert said in body(prompt)
    assert "A_FAULT" not in body(prompt)
    assert "- Users see it." in body(prompt)
