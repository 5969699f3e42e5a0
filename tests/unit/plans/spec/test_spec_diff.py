"""What a compiled file lacks of its Markdown."""

from __future__ import annotations

from spec_samples import LEDGER_MOVE, compiled, parsed

from signoff.plans.spec.diff import CHANGED, GONE, MISSING, Difference, differences


def between(old: str, new: str) -> list[tuple[str, str]]:
    found = differences(compiled(parsed(new)), compiled(parsed(old)))
    return [(one.kind, one.path) for one in found]


def test_the_same_has_no_differences() -> None:
    assert between(LEDGER_MOVE, LEDGER_MOVE) == []


def test_each_difference_is_named_where_it_is() -> None:
    new = (
        LEDGER_MOVE.replace("- [ ] It can be run twice", "- [x] It can be run twice\n- [ ] It can be stopped")
        .replace("### Step 2: Rehearsal", "### Step 2: Try")
        .replace("- `artifacts/plan/tables.md`\n", "")
    )
    assert between(LEDGER_MOVE, new) == [
        (GONE, "plan[step-001].outputs[artifacts/plan/tables.md]"),
        (CHANGED, "plan[step-002].title"),
        (CHANGED, "plan[step-003].gate_review.checklist.Code[It can be run twice].checked"),
        (MISSING, "plan[step-003].gate_review.checklist.Code[It can be stopped]"),
    ]


def test_a_step_more_does_not_make_the_others_other_steps() -> None:
    new = LEDGER_MOVE.replace("## Models & Tools", "### Step 6: Sweep\n\n## Models & Tools")
    assert between(LEDGER_MOVE, new) == [(MISSING, "plan[step-006]")]


def test_another_order_is_a_difference() -> None:
    assert differences({"a": ["x", "y"]}, {"a": ["y", "x"]}) == [
        Difference(CHANGED, "a (order)", ["x", "y"], ["y", "x"])
    ]


def test_members_without_names_of_their_own_are_told_by_their_place() -> None:
    assert differences({"a": ["x", "x", {"b": 1}]}, {"a": ["x", "y"]}) == [
        Difference(CHANGED, "a[1]", "x", "y"),
        Difference(MISSING, "a[2]", {"b": 1}),
    ]


def test_values_of_other_kinds_are_changed() -> None:
    assert differences({"a": {"b": 1}, "c": None, "d": [{}]}, {"a": 1, "c": 2, "d": [1, 2]}) == [
        Difference(CHANGED, "a", {"b": 1}, 1),
        Difference(CHANGED, "c", None, 2),
        Difference(CHANGED, "d[0]", {}, 1),
        Difference(GONE, "d[1]", None, 2),
    ]
