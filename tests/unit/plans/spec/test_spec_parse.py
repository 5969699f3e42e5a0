"""What a spec says, and every way in which it cannot be taken."""

from __future__ import annotations

import pytest
from spec_samples import FRONT, LEDGER_MOVE, codes_of, parsed, problems_of, review, step_of, with_plan

from signoff.errors import SpecError
from signoff.plans.spec.model import STANDARD_OPTIONS, Command, GateRef, Item, Repository
from signoff.plans.spec.parse import decode

STEP = "### Step 1: Do it\n"
REVIEW = review("Code", "One", "Other")
START, END = "<!-- GATE_REVIEW_START -->", "<!-- GATE_REVIEW_END -->"


def in_step(body: str) -> str:
    return with_plan(f"### Step 1: Do it [G0]\n{body}\n")


# What is said


def test_a_whole_spec_is_read() -> None:
    spec = parsed(LEDGER_MOVE)
    assert [str(step.gate) for step in spec.steps] == [
        "G0: Plan Approval",
        "G0: Plan Approval",
        "G1: Code Readiness",
        "G2: Pre-Release",
        "G3: Deployment Approval",
    ]
    assert [step.review is not None for step in spec.steps] == [True, False, True, True, True]
    assert spec.steps[0].prompt == "List the tables and what refers to them:\n- sizes\n- triggers"
    assert spec.steps[0].outputs == ("artifacts/plan/tables.md", "artifacts/plan/order.yaml")
    assert spec.steps[2].commands == (Command("bash", "ruff check .\npytest -q\n"),)
    assert spec.steps[3].commands == (Command("python", 'print("equal")\n'),)
    assert spec.acceptance_criteria == (
        Item("Rows are the same on both sides, `count(*)` included"),
        Item("Latency ≤ 5 ms", is_checked=True),
    )
    assert (spec.description, spec.background, spec.constraints) == ("Two machines can share one ledger", "", "")
    assert (spec.tools, spec.models) == (("bash", "pytest"), "")
    assert spec.repository == Repository("feat/ledger-on-postgres", "squash", ("secrets/", ".github/"))
    assert spec.front.repo_working_branch == "feat/ledger-on-postgres"
    assert spec.front.labels == ("storage",)


def test_a_review_keeps_its_items_with_their_state_and_empties_what_is_not_said() -> None:
    found = parsed(LEDGER_MOVE).steps[4].review
    assert found is not None
    assert found.categories[0].name == "Readiness"
    assert found.categories[0].items == (
        Item("Whoever is on duty knows"),
        Item("The window is agreed", is_checked=True),
    )
    assert [(option.decision, option.label, option.text) for option in found.options] == [
        ("APPROVED", "APPROVED FOR DEPLOYMENT", ""),
        ("APPROVED WITH CONDITIONS", "APPROVED WITH CONDITIONS", ""),
        ("REJECTED", "REJECTED", ""),
        ("DEFERRED", "DEFERRED", ""),
    ]
    assert found.metadata == {"reviewer": "", "date": "", "rationale": ""}


@pytest.mark.parametrize("change", ["\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark_make_no_difference(change: str) -> None:
    assert parsed("\ufeff" + LEDGER_MOVE.replace("\n", change)) == parsed(LEDGER_MOVE)


def test_sections_may_come_in_any_order_and_case() -> None:
    front, body = LEDGER_MOVE.split("\n# Move", 1)
    title, *sections = ("# Move" + body).split("\n## ")
    turned = [part.partition("\n") for part in reversed(sections)]
    text = f"{front}\n{title}\n" + "".join(f"\n## {name.upper()}:\n{rest}\n" for name, _, rest in turned)
    assert parsed(text) == parsed(LEDGER_MOVE)


@pytest.mark.parametrize(
    ("heading", "title", "gate", "remark"),
    [
        ("### Step 1: Do it", "Do it", None, ""),
        ("### step 1 - Do it [g2: ship it]", "Do it", GateRef("G2", "ship it"), ""),
        ("### Step 1: Do it [G0: Plan Approval] ✅ COMPLETED", "Do it", GateRef("G0", "Plan Approval"), "✅ COMPLETED"),
        ("### Step 1: Do [it] [G4] - [x]", "Do [it]", GateRef("G4", "Post-Deployment Review"), "- [x]"),
        ("### Step 1:\tDo\tit\t[G1:\tCode Readiness] ###", "Do it", GateRef("G1", "Code Readiness"), ""),
    ],
)
def test_the_bracket_names_the_gate_and_what_follows_is_a_remark(
    heading: str, title: str, gate: GateRef | None, remark: str
) -> None:
    step = step_of("", heading)
    assert (step.title, step.gate, step.remark) == (title, gate, remark)


def test_text_before_any_label_is_part_of_the_prompt_and_text_after_a_review_is_not() -> None:
    step = step_of(f"First this.\n\n**Prompt:** Then\n\n> that\n\n---\n\n{REVIEW}\nDone on Monday.\n")
    assert step.prompt == "First this.\n\nThen\n\n> that"


def test_what_looks_like_structure_inside_a_block_or_comment_is_none() -> None:
    block = "````markdown\n### Step 9: No [G9]\n<!-- GATE_REVIEW_START -->\n**Outputs:**\n- `x`\n````"
    step = step_of(f"**Prompt:**\n\n{block}\n\n<!--\n**Outputs:**\n## Plan\n-->\n")
    assert step.prompt.startswith(block)
    assert step.outputs == ()


def test_placeholders_are_empty_and_quotes_are_text() -> None:
    placeholder = (
        "> Describe the current state and why this work is needed now.\n>\n> Add your constraints here.\n\n___\n"
    )
    quote = "> It is slow.\n>\n> Very."
    text = with_plan(
        STEP, rest=f"## Context\n\nBoth.\n\n### Background\n{placeholder}\n### Constraints\n{quote}\n### More\nand"
    )
    spec = parsed(text)
    assert (spec.background, spec.constraints) == ("Both.\n\n### More\nand", "It is slow.\n\nVery.")


def test_criteria_may_stand_in_the_objective_with_or_without_boxes() -> None:
    criteria = "These:\n1. One\n   goes on\n2. [X] Two\n- ___\n"
    rest = f"## Objective\nFast.\n### Acceptance criteria\n\n{criteria}### Else\nMore.\n"
    spec = parsed(with_plan(STEP, rest=rest))
    assert spec.acceptance_criteria == (Item("One goes on"), Item("Two", is_checked=True))
    assert spec.description == "Fast.\n### Else\nMore."


def test_tools_and_paths_may_be_lists() -> None:
    tools = "## Models and Tools\nUse:\n**Tools:**\n- `bash`\n- git, make\n"
    rest = f"{tools}## Repository\n**Branch**: ___\n**Block Paths:** N/A\n"
    spec = parsed(with_plan(STEP, rest=rest))
    assert spec.tools == ("bash", "git", "make")
    assert spec.repository == Repository()


def test_other_sections_are_for_readers() -> None:
    assert parsed(with_plan(STEP, rest="# Appendix\n## Notes\nx\n")).other_sections == ("Notes",)


def test_numbers_may_leave_gaps() -> None:
    assert [step.id for step in parsed(with_plan("### Step 0: a\n### Step 7: b\n")).steps] == ["step-000", "step-007"]


def test_a_review_without_decisions_has_the_usual_four_and_items_need_no_category() -> None:
    checklist = "#### Gate review checklist\nLook closely.\n- [ ] One\n  goes on\n"
    body = f"<!-- gate_review_start -->\n{checklist}\n<!--gate_review_end-->"
    found = step_of(body).review
    assert found is not None
    assert [(category.name, category.items) for category in found.categories] == [("General", (Item("One goes on"),))]
    assert found.options == STANDARD_OPTIONS


def test_a_tick_at_a_decision_is_kept_as_evidence() -> None:
    body = review("Code", "One", "Other").replace(
        "- [ ] REJECTED: ___", "- [x] Rejected: too slow"
    ).replace("- Reviewer: ___", "- Reviewer: Bob\n- Sign-off ID: 7").replace("- Date: ___", "Date: today")  # fmt: skip
    found = step_of(body).review
    assert found is not None
    assert [(one.decision, one.text) for one in found.options if one.is_ticked] == [("REJECTED", "too slow")]
    assert found.metadata == {"reviewer": "Bob", "sign-off_id": "7", "date": "today", "rationale": ""}


def test_a_block_indented_in_a_list_is_a_command_too() -> None:
    step = step_of("**Commands:**\n\n> Describe what to run\n\n~~~\nls\n~~~\n\n  ```sh\n  a\n    b\n  ```\n")
    assert step.commands == (Command("bash", "ls\n"), Command("sh", "a\n  b\n"))


def test_outputs_may_have_remarks() -> None:
    assert step_of("**Outputs:** `a.md`\n\n- `b/c d.md`: the report,\n  in full\n- ___\n").outputs == (
        "b/c d.md",
        "a.md",
    )


# What cannot be taken


def test_all_problems_are_told_at_once_with_file_and_line() -> None:
    text = LEDGER_MOVE.replace("tier: B", "tier: Q").replace("G3: Dep", "G7: Dep").replace("### Step 4", "### Step 2")
    with pytest.raises(SpecError) as caught:
        parsed(text)
    line = text.splitlines().index("### Step 2: Compare [G2: Pre-Release]") + 1
    assert caught.value.code == "invalid-spec"
    assert (caught.value.path, caught.value.line) == ("plan.md", 3)
    assert str(caught.value).splitlines()[:2] == [
        "plan.md:3: found the tier 'Q'; expected A, B or C.",
        f"plan.md:{line}: found step 2 again; expected each number once.",
    ]
    assert [problem["code"] for problem in caught.value.details["problems"]] == [
        "unknown-tier",
        "duplicate-step",
        "unknown-gate",
    ]
    assert set(caught.value.details["problems"][0]) == {"path", "line", "code", "found", "expected"}


def test_what_is_not_utf_8_is_an_error_of_line_1() -> None:
    with pytest.raises(SpecError, match=r"plan.md:1: found what is not UTF-8 at byte 2"):
        decode(b"ok\xff", "plan.md")
    assert decode(b"\xef\xbb\xbfok", "plan.md") == "ok"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [(1, "missing-front-matter"), (1, "missing-plan")]),
        ("\n# Title\n", [(1, "missing-plan"), (2, "missing-front-matter")]),
        ("---\ntier: B\n", [(1, "missing-plan"), (1, "unclosed-front-matter")]),
        (FRONT, [(1, "missing-plan")]),
        (FRONT + "## Plan\n\ntext\n", [(7, "empty-plan")]),
        (FRONT + "a\x00b", [(7, "bad-character")]),
        (FRONT + "a\ud800b\n\x00", [(7, "bad-character"), (8, "bad-character")]),
        (FRONT + "## Plan\n" + STEP + "## plan:\n", [(9, "duplicate-section")]),
        (FRONT + "## Plan\n" + STEP + "<!-- never\n## Plan\n", [(9, "unclosed-comment")]),
    ],
)  # fmt: skip
def test_a_text_that_is_no_spec(text: str, problems: list[tuple[int, str]]) -> None:
    assert problems_of(text) == problems


def test_a_text_that_is_too_long() -> None:
    assert problems_of("x" * 4_000_001) == [(1, "too-large")]


@pytest.mark.parametrize(
    ("plan", "codes"),
    [
        ("### Step 1: a\n### Step 1: b\n", ["duplicate-step"]),
        ("### Step 2: a\n### Step 1: b\n", ["step-order"]),
        ("### Step One: a\n", ["bad-step"]),
        ("### Step 1000: a\n", ["bad-step"]),
        ("### Step 1:\n", ["bad-step"]),
        (f"### Step 1: {'a' * 301}\n", ["bad-step"]),
        ("### Step 1: a [G5: x]\n", ["unknown-gate"]),
        ("### Step 1: a [G0: x\n", ["unknown-gate"]),
        ("### Step 1: a [Gate 0]\n", ["unknown-gate"]),
        ("### Step 1: a [G0] [G1]\n", ["unknown-gate"]),
        (f"### Step 1: a [G9]\n{REVIEW}", ["unknown-gate"]),
        (f"### Step 1: a\n{REVIEW}", ["review-without-gate"]),
        ("### Step 1: a\n## Step 2: b\n", ["bad-step"]),
        ("### Step 1: a\n## Notes\n### Step 2: b\n", ["bad-step"]),
        (f"{REVIEW}\n### Step 1: a\n", ["misplaced-mark", "unopened-review"]),
    ],
)
def test_steps_that_cannot_be_taken(plan: str, codes: list[str]) -> None:
    assert codes_of(with_plan(plan)) == codes


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("**Commands:**\n```bash\nls\n", ["unclosed-fence"]),
        ("**Commands:**\n```bash\nls\n### Step 2: b\n```\n", ["unclosed-fence"]),
        ("**Commands:**\n```bash\n", ["unclosed-fence"]),
        ("**Commands:** `ls`\n", ["bad-command"]),
        ("**Commands:**\n- ls\n", ["bad-command"]),
        ("**Prompt:** a\n**prompt:** b\n", ["duplicate-label"]),
        ("**Output:**\n- `a`\n", ["unknown-label"]),
        ("**Outputs:**\n- a.md\n", ["bad-output"]),
        ("**Outputs:**\n- `a.md`\n- `a.md`\n", ["bad-output"]),
        ("**Outputs:**\n```\na\n```\n", ["bad-output"] * 3),
        ("#### Approval Decision\n- [ ] APPROVED\n", ["unmarked-review"]),
        ("see <!-- GATE_REVIEW_START -->\n", ["misplaced-mark"]),
        ("<!-- GATE_REVIEW_END -->\n", ["unopened-review"]),
        ("<!-- GATE_REVIEW_START -->\n", ["unclosed-review"]),
        (f"{START}\n{START}\n{END}", ["unclosed-review", "duplicate-review"]),
        (REVIEW + REVIEW, ["duplicate-review"]),
        (REVIEW.replace(END, f"### Step 2: b [G0]\n{END}"), ["unclosed-review", "unopened-review"]),
    ],
)  # fmt: skip
def test_parts_of_a_step_that_cannot_be_taken(body: str, codes: list[str]) -> None:
    assert codes_of(in_step(body)) == codes


@pytest.mark.parametrize(
    ("found", "replaced", "codes"),
    [
        ("- [ ] One", "- [] One", ["bad-item"]),
        ("- [ ] One", f"- [ ] {'a' * 2001}", ["too-long"]),
        ("- [ ] One", "- [ ] One\n" * 500, ["too-long"]),
        ("##### Code", f"##### {'a' * 121}", ["too-long"]),
        ("##### Code", "#####", ["too-long"]),
        ("##### Code", "##### Code\n##### Code", ["duplicate-category"]),
        ("##### Code", "#### Code", ["bad-review"]),
        ("#### Gate Review Checklist", "", ["bad-review", "bad-review", "bad-review"]),
        ("#### Approval Decision", "#### Approval Decision\n#### Approval Decision", ["bad-review"]),
        ("- [ ] APPROVED\n", "- [x] APPROVED\n- [x] APPROVED\n", ["two-decisions"]),
        ("- [ ] APPROVED\n", "- APPROVED\n", ["unknown-decision"]),
        ("- [ ] APPROVED\n", "- [ ] APPROVED FOR\n- [ ] APPROVED IF: x\n", ["unknown-decision", "unknown-decision"]),
        ("- [ ] APPROVED\n", "- [ ] MAYBE\n", ["unknown-decision"]),
        ("- [ ] APPROVED\n", "APPROVED\n", ["unknown-decision"]),
        ("- [ ] REJECTED: ___", f"- [ ] REJECTED: {'a' * 2001}", ["too-long"]),
        ("- [ ] REJECTED: ___", "- [ ] REJECTED NOW: x", ["unknown-decision"]),
        ("- Reviewer: ___", "- Reviewer", ["bad-review"]),
    ],
)
def test_reviews_that_cannot_be_taken(found: str, replaced: str, codes: list[str]) -> None:
    assert found in REVIEW
    assert codes_of(in_step(REVIEW.replace(found, replaced))) == codes


@pytest.mark.parametrize(
    "path",
    ["../a", "a/../../b", "a/..", "/etc/passwd", "~/a", "C:/a", "a\\..\\b", "file:a", "./", ".", "a\x07", "a" * 1001],
)
def test_an_output_that_leaves_the_repository(path: str) -> None:
    assert codes_of(in_step(f"**Outputs:**\n- `{path}`\n")) == ["bad-output"]


def test_an_output_that_leaves_through_a_link_is_told_by_whoever_has_the_files() -> None:
    text = in_step("**Outputs:**\n- `link/a`\n- `b..c/.d`\n")
    assert codes_of(text, leaves=lambda path: path.startswith("link/")) == ["bad-output"]
    assert parsed(text).steps[0].outputs == ("link/a", "b..c/.d")


def test_labels_and_criteria_are_said_once() -> None:
    criteria = "## Objective\n### Acceptance Criteria\n- a\n## Acceptance Criteria\n- b\n"
    twice = f"{criteria}## Repository\n**Branch:** a\n**Branch:** b\n"
    assert codes_of(with_plan(STEP, rest=twice)) == ["duplicate-section", "duplicate-label"]
