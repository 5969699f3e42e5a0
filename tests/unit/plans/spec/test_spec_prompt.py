"""What a reviewer is shown at a gate of a spec."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from spec_samples import LEDGER_MOVE, compiled, parsed, with_plan

from signoff.gates.prompt import BODY_CHARS_MAX, EVIDENCE_MAX, TITLE_CHARS_MAX, Prompt, build_prompt
from signoff.gates.requirement import ANYONE_ONCE
from signoff.plans.spec.plan import plan_of
from signoff.plans.spec.policies import policies_in_force
from signoff.plans.spec.prompt import PART_CHARS_MAX, Output, StepFacts, gate_prompt

ABOUT = {
    "spec": "docs/plan.md",
    "specSha256": "5" * 64,
    "tier": "B",
    "title": "Move the ledger to Postgres",
    "owner": "ada",
    "root": "/repository",
}
DOCUMENT = compiled(parsed(LEDGER_MOVE))
PLAN = plan_of(DOCUMENT, policies_in_force(DOCUMENT, {}), ABOUT)
THERE = Output("artifacts/plan/tables.md", "a" * 64, 12)
MISSING = Output("artifacts/plan/order.yaml", None, None)
DIFF = {"title": "Changes since c0ffee", "uri": "step-001/diff", "sha256": "d" * 64}
FACTS = StepFacts((THERE, MISSING), "feat/ledger", "c0ffee", (DIFF,))


A_DECISION = {
    "ref": "G0",
    "review": {"checklist": [], "approval_options": [], "approval_metadata": {"reviewer": "Grace"}},
    "then": [],
}


def drafted(node: str = "step-001", facts: StepFacts = FACTS, **params: Any) -> dict[str, Any]:
    return gate_prompt({**PLAN.step(node).params, **params}, ABOUT, facts=facts)


def built(draft: dict[str, Any]) -> Prompt:
    return build_prompt(draft, requirement=ANYONE_ONCE, ttl_s=60, now=0)


def review_of(text: str) -> dict[str, Any]:
    """The review of the only step of a spec, as its plan has it."""
    document = compiled(parsed(with_plan(f"### Step 1: Do it [G0]\n\n{text}")))
    params = plan_of(document, policies_in_force(document, {}), ABOUT).step("step-001").params
    review: dict[str, Any] = params["gate"]["review"]
    return review


def test_a_title_names_gate_step_and_what_the_step_is_called() -> None:
    assert built(drafted()).title == "G0: Plan Approval: step 1, Survey & Plan"
    assert len(built(drafted(title="t" * TITLE_CHARS_MAX)).title) == TITLE_CHARS_MAX


def test_what_is_missing_is_said_and_comes_first_in_the_evidence() -> None:
    draft = drafted()
    assert draft["evidence"] == [
        {"title": MISSING.path, "uri": MISSING.path},
        DIFF,
        {"title": THERE.path, "uri": THERE.path, "sha256": "a" * 64},
    ]


def test_no_number_of_outputs_hides_one_that_is_missing() -> None:
    many = tuple(replace(THERE, path=f"out/{n}") for n in range(EVIDENCE_MAX + 20))
    evidence = drafted(facts=StepFacts((*many, MISSING)))["evidence"]
    assert len(evidence) == EVIDENCE_MAX
    assert evidence[0] == {"title": MISSING.path, "uri": MISSING.path}
    assert all("sha256" in piece for piece in evidence[1:])


def test_the_subject_says_what_an_answer_is_about() -> None:
    assert built(drafted()).subject == {
        "spec": "docs/plan.md",
        "specSha256": "5" * 64,
        "tier": "B",
        "step": "step-001",
        "gate": "G0: Plan Approval",
        "branch": "feat/ledger",
        "commit": "c0ffee",
    }
    assert not {"branch", "commit"} & set(built(drafted(facts=StepFacts())).subject)


def test_items_have_ids_that_follow_from_their_places_and_keep_their_ticks() -> None:
    checklist = drafted()["checklist"]
    assert checklist == [
        {
            "category": "Survey",
            "items": [
                {"id": "1.1", "text": "Every table is listed", "checked": False},
                {"id": "1.2", "text": "The order is safe", "checked": True},
            ],
        }
    ]
    assert built(drafted()).item_ids == {"1.1", "1.2"}


def test_items_of_several_categories_are_numbered_by_category() -> None:
    review = review_of(
        "<!-- GATE_REVIEW_START -->\n#### Gate Review Checklist\n##### Z\n- [ ] a\n- [ ] b\n##### A\n- [ ] c\n"
        "#### Approval Decision\n- [ ] APPROVED\n- [ ] REJECTED\n<!-- GATE_REVIEW_END -->\n"
    )
    gate = {"ref": "G0", "review": review, "then": []}
    listed = drafted(gate=gate)["checklist"]
    assert [(one["category"], [item["id"] for item in one["items"]]) for one in listed] == [
        ("Z", ["1.1", "1.2"]),
        ("A", ["2.1"]),
    ]


def test_every_gate_can_be_approved_rejected_and_deferred_in_the_words_of_its_file() -> None:
    wanted = [("approve", "approve"), ("reject", "reject"), ("defer", "hold")]
    for node in ("step-001", "step-003", "step-004", "step-005"):
        assert [(choice["key"], choice["effect"]) for choice in drafted(node)["choices"]] == wanted
    assert [choice["label"] for choice in drafted("step-001")["choices"]] == [
        "Approve",
        "Reject",
        "Defer: leave it open",
    ]
    assert drafted("step-005")["choices"][0]["label"] == "APPROVED FOR DEPLOYMENT"


def test_a_decision_in_the_file_is_shown_and_is_none() -> None:
    review = review_of(
        "<!-- GATE_REVIEW_START -->\n#### Gate Review Checklist\n##### A\n- [x] a\n#### Approval Decision\n"
        "- [ ] APPROVED\n- [x] APPROVED WITH CONDITIONS: mind the index\n- [ ] REJECTED: ___\n"
        "**Approval Metadata:**\n- Reviewer: Grace\n- Date: ___\n- Rationale: read it\n<!-- GATE_REVIEW_END -->\n"
    )
    draft = drafted(gate={"ref": "G0", "review": review, "then": []})
    said = draft["body"].partition("### Said in the file\n\n")[2].partition("\n\n###")[0]
    assert said.splitlines() == [
        "- ticked: APPROVED WITH CONDITIONS: mind the index",
        "- **reviewer:** Grace",
        "- **rationale:** read it",
    ]
    assert "defaults" not in draft
    assert "### Said in the file" not in drafted()["body"]


def test_what_an_approval_lets_run_is_in_the_payload_and_so_covered_by_the_digest() -> None:
    draft = drafted()
    [rehearsal, copy] = draft["payload"]["then"]
    assert (rehearsal["step"], rehearsal["prompt"]) == ("step-002", "Rehearse on a copy.")
    assert (copy["title"], copy["commands"]) == ("Copy", [{"lang": "bash", "script": "ruff check .\npytest -q\n"}])
    other = PLAN.step("step-001").params["gate"]
    fewer = drafted(gate={**other, "then": other["then"][:1]})
    assert built(fewer).digest != built(draft).digest
    assert drafted("step-005")["payload"]["then"] == []


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, outputs=(replace(THERE, sha256="b" * 64), MISSING)),
        replace(FACTS, commit="beef"),
        replace(FACTS, branch="main"),
        replace(FACTS, evidence=()),
        replace(FACTS, notes=("Nobody ran it.",)),
    ],
)
def test_whatever_was_found_is_covered_by_the_digest(facts: StepFacts) -> None:
    assert built(drafted(facts=facts)).digest != built(drafted()).digest


def test_a_gate_that_is_opened_before_its_step_shows_what_comes() -> None:
    document = compiled(parsed(with_plan("### Step 1: Do it [G0]\n\n**Prompt:**\n\nBe careful.\n")))
    plan = plan_of(document, policies_in_force(document, {}), ABOUT)
    draft = gate_prompt(plan.step("step-001:ask").params, ABOUT, facts=StepFacts((), "main", None))
    assert "### What comes in step 1\n\n> Be careful." in draft["body"]
    assert "### Asked in" not in draft["body"]
    assert (draft["checklist"], draft["evidence"]) == ([], [])
    assert [step["step"] for step in draft["payload"]["then"]] == ["step-001"]
    assert built(draft).subject["step"] == "step-001"


def test_a_part_that_is_too_long_is_left_out_whole_and_said_to_be() -> None:
    fits, does_not = ("x" * (PART_CHARS_MAX - extra) for extra in (2, 1))
    assert f"> {fits}" in drafted(prompt=fits)["body"]
    body = drafted(prompt=does_not)["body"]
    assert "xx" not in body
    assert "### Asked in step 1\n\nToo long to be shown here" in body
    assert "### Said in the file" in drafted(prompt=does_not, gate=A_DECISION)["body"]


def test_the_longest_of_everything_still_makes_a_prompt() -> None:
    long = "y" * (PART_CHARS_MAX - 200)
    review = {"checklist": [], "approval_options": [], "approval_metadata": {"rationale": long}}
    steps = [{"step": "step-002", "title": "T", "prompt": long, "commands": [], "outputs": []}] * 9
    outputs = tuple(Output(f"{n}" * 900, None, None) for n in range(EVIDENCE_MAX + 1))
    draft = drafted(prompt=long, gate={"ref": "G0", "review": review, "then": steps}, facts=StepFacts(outputs))
    assert 2 * len(long) < len(draft["body"]) <= BODY_CHARS_MAX
    built(draft)


def test_how_it_was_done_is_said_where_that_is_not_plain() -> None:
    facts = replace(FACTS, notes=("The sandbox is a mock: the commands were not run.",))
    assert "- The sandbox is a mock: the commands were not run." in drafted(facts=facts)["body"].splitlines()


def test_a_step_that_asks_nothing_says_so() -> None:
    assert "Nothing but to look at its outputs." in drafted(prompt="", commands=[])["body"]


def many(count: int, *, missing: int = 0) -> StepFacts:
    there = tuple(Output(f"out/{n:03}", f"{n:064x}", 1) for n in range(count - missing))
    return StepFacts(outputs=(*there, *(Output(f"gone/{n:03}", None, None) for n in range(missing))))


def test_more_outputs_than_a_prompt_takes_are_covered_by_one_digest() -> None:
    evidence = drafted(facts=many(130))["evidence"]
    assert len(evidence) == EVIDENCE_MAX
    assert evidence[-1]["title"] == "31 more"
    changed = many(130)
    other = replace(changed, outputs=(*changed.outputs[:-1], Output("out/129", "f" * 64, 1)))
    assert drafted(facts=other)["evidence"][-1]["sha256"] != evidence[-1]["sha256"]


def test_missing_outputs_beyond_the_limit_are_still_missing() -> None:
    evidence = drafted(facts=many(130, missing=130))["evidence"]
    assert "sha256" not in evidence[-1]
