"""What must hold of every assessment, whatever the task and the rules."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.errors import InvalidInputError, PolicyError
from signoff.policy.condition import Condition, Relation
from signoff.policy.read import PolicyText, read_policy
from signoff.policy.risk import RiskPolicy, Rule, assess
from signoff.settings.policy_files import load_policy

unhurried = settings(deadline=None)
SHIPPED = load_policy(None)
ORDER = ["low", "medium", "high", "critical"]
OPERATIONS = sorted(SHIPPED.operations)
SEVERITIES = ["info", "low", "medium", "high", "critical"]

findings = st.lists(st.fixed_dictionaries({"severity": st.sampled_from([*SEVERITIES, "odd"])}), max_size=4)
tasks: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "operation": st.sampled_from([*OPERATIONS, "launch", ""]),
        "environment": st.sampled_from(["production", "staging", "Production"]),
        "resource_type": st.sampled_from(["infrastructure", "data", "database", "code"]),
        "estimated_cost": st.integers(0, 3000) | st.floats(0, 3000),
        "security_findings": findings,
        "data_sensitive": st.booleans(),
        "target_branch": st.sampled_from(["main", "release/1"]),
        "trigger": st.sampled_from(sorted(SHIPPED.triggers)),
        "team": st.text(max_size=5),
    },
)
conditions = st.one_of(
    st.builds(Condition, st.just("operation"), st.just(Relation.EQUALS), st.sampled_from(OPERATIONS)),
    st.builds(Condition, st.just("environment"), st.just(Relation.IN),
              st.lists(st.sampled_from(["production", "staging"]), min_size=1).map(tuple)),
    st.builds(Condition, st.just("estimated_cost"), st.sampled_from([Relation.AT_LEAST, Relation.MORE_THAN]),
              st.integers(0, 3000)),
    st.builds(Condition, st.just("security_findings"), st.just(Relation.ANY_SEVERITY),
              st.lists(st.sampled_from(SEVERITIES), min_size=1).map(tuple)),
    st.builds(Condition, st.just("target_branch"), st.just(Relation.GLOB), st.sampled_from(["release/*", "*", "m*"])),
    st.builds(Condition, st.just("data_sensitive"), st.just(Relation.EQUALS), st.booleans()),
)  # fmt: skip
rules = st.builds(
    Rule,
    st.uuids().map(str),
    st.lists(conditions, min_size=1, max_size=3).map(tuple),
    st.sampled_from(ORDER),
    st.just("It is so."),
)
policies = st.lists(rules, max_size=6).map(lambda some: with_rules(tuple(some)))


def with_rules(some: tuple[Rule, ...]) -> RiskPolicy:
    return RiskPolicy(SHIPPED.levels, some, SHIPPED.triggers, SHIPPED.roles, SHIPPED.operations, SHIPPED.severities)


def holds(condition: Condition, task: dict[str, Any]) -> bool:
    """The same as the condition says, in the plainest words."""
    value, wanted = task.get(condition.field), condition.wanted
    if value is None:
        return False
    if condition.field == "security_findings":
        return bool({finding["severity"] for finding in value} & set(wanted))
    if condition.relation == Relation.GLOB:
        return bool(wanted == "*" or value.startswith(wanted.rstrip("*")))
    value = value.lower() if isinstance(value, str) else value
    if condition.relation == Relation.AT_LEAST:
        return bool(not value < wanted)
    return value > wanted if condition.relation == Relation.MORE_THAN else value in (
        wanted if isinstance(wanted, tuple) else [wanted]
    )  # fmt: skip


@unhurried
@given(tasks, policies)
def test_the_reasons_are_all_rules_that_hold_and_the_level_is_the_highest_of_them(
    task: dict[str, Any], policy: RiskPolicy
) -> None:
    found = assess(task, policy)
    fired = [rule for rule in policy.rules if all(holds(one, task) for one in rule.conditions)]
    levels = [rule.level for rule in fired]
    names = [rule.name for rule in fired]
    if "trigger" in task:
        names.append(task["trigger"])
        levels.append(SHIPPED.triggers[task["trigger"]])
    if task.get("operation") not in OPERATIONS:
        names.append("unknown-operation")
        levels.append("medium")
    if any(finding["severity"] == "odd" for finding in task.get("security_findings", [])):
        names.append("unknown-severity")
        levels.append("medium")
    assert [reason.rule for reason in found.reasons] == names
    assert found.risk_level == max(levels, key=ORDER.index, default="low")


@unhurried
@given(tasks, st.sampled_from([*SEVERITIES, "odd"]))
def test_one_more_finding_never_lowers_the_level_or_the_score(task: dict[str, Any], severity: str) -> None:
    more = {**task, "security_findings": [*task.get("security_findings", []), {"severity": severity}]}
    before, after = assess(task, SHIPPED), assess(more, SHIPPED)
    assert ORDER.index(before.risk_level) <= ORDER.index(after.risk_level)
    assert before.risk_score <= after.risk_score


@unhurried
@given(tasks, st.text(max_size=20))
def test_an_operation_that_is_not_known_is_never_low(task: dict[str, Any], operation: str) -> None:
    if operation.strip().casefold() not in OPERATIONS:
        with suppress(InvalidInputError):
            assert assess({**task, "operation": operation}, SHIPPED).risk_level != "low"


#: What a seed task says, of a level that is not low for as long as it says it.
RISKY = [
    {"operation": "delete", "environment": "production"},
    {"operation": "deploy", "environment": "production"},
    {"operation": "modify", "resource_type": "infrastructure"},
    {"operation": "export", "resource_type": "database"},
    {"operation": "read", "trigger": "data_export"},
]
_ALIKE = str.maketrans(
    "aceiopsxyABEHKMOPTX",
    "\u0430\u0441\u0435\u0456\u043e\u0440\u0455\u0445\u0443\u0410\u0412\u0395\u041d\u039a\u041c\u039f\u0420\u03a4\u03a7",
)
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u17b4\u180e\u200b\u200d\u2060\u2065\u2800\u3164\ufe0f\ufeff\uffa0\U000e0041\U000e0100"
    "\x00\x07\x7f\x85\u2028\u2009"
)
_STYLES = ("\uff41", "\U0001d41a", "\U0001d4ea", "\U0001d552", "\u24d0")


def in_style(letter: str, first: str) -> str:
    return chr(ord(first) + ord(letter) - ord("a")) if "a" <= letter <= "z" else letter


@st.composite
def disguises(draw: st.DrawFn, word: str) -> str:
    """The word as people would still read it, or overlook the difference."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(word) - 1))
        letter = word[at]
        alike = [letter.upper(), letter.translate(_ALIKE), *(in_style(letter, one) for one in _STYLES)]
        another = draw(st.sampled_from([*alike, *(letter + unseen for unseen in _UNSEEN)]))
        word = word[:at] + another + word[at + 1 :]
    return word + draw(st.sampled_from(["", " ", "\t", "\n", "\u3000"]))


@unhurried
@given(st.sampled_from(RISKY), st.data())
def test_no_disguise_of_a_word_or_of_a_fields_name_makes_a_task_look_harmless(
    task: dict[str, str], data: st.DataObject
) -> None:
    field = data.draw(st.sampled_from(sorted(task)))
    disguised = {name: data.draw(disguises(said)) if name == field else said for name, said in task.items()}
    renamed = {data.draw(disguises(name)) if name == field else name: said for name, said in task.items()}
    for one in (disguised, renamed):
        with suppress(InvalidInputError):
            assert ORDER.index(assess(one, SHIPPED).risk_level) >= ORDER.index(assess(task, SHIPPED).risk_level)


@unhurried
@given(tasks, policies, tasks, policies)
def test_the_score_is_from_0_to_10_and_a_higher_level_always_scores_higher(
    task: dict[str, Any], policy: RiskPolicy, other_task: dict[str, Any], other_policy: RiskPolicy
) -> None:
    one, other = sorted(
        (assess(task, policy), assess(other_task, other_policy)), key=lambda found: ORDER.index(found.risk_level)
    )
    assert 0 <= one.risk_score <= other.risk_score + 10 * (one.risk_level == other.risk_level) <= 20
    if one.risk_level != other.risk_level:
        assert one.risk_score < other.risk_score
    assert other.risk_score <= 10


@unhurried
@given(tasks)
def test_whoever_is_asked_has_until_the_ladders_end_and_nobody_is_asked_at_low_alone(task: dict[str, Any]) -> None:
    found = assess(task, SHIPPED)
    assert (found.requirement is None) == found.auto_approve == (found.risk_level == "low")
    if found.ttl_s is not None:
        assert found.ttl_s + sum(rung.ttl_s for rung in found.ladder) == found.level.timeout_s


_LINES = (
    "risk_levels:", "  high: {approvers: [a]}", "roles: {a: [high]}", "rules:", "  - {name: x}", "  - 1", "- a",
    "triggers: {t: high}", "operations: [read, 1]", "unknown_operation: [x]", "rules: [{when: {a: [[]]}}]", "a: *b",
    "  medium: {timeout: 1h, schedule: 3}", "severities: {}", "  low:", "{", "\t", "? [x]", "rules: [~]",
)  # fmt: skip


@unhurried
@given(st.text(max_size=80) | st.lists(st.sampled_from(_LINES), max_size=12).map("\n".join))
def test_any_text_is_a_policy_or_its_problems_are_told_with_their_lines(text: str) -> None:
    try:
        read_policy([PolicyText("p.yaml", text)])
    except PolicyError as error:
        found = error.details["problems"]
        assert found
        assert all(1 <= problem["line"] <= text.count("\n") + 1 + text.count("\r") for problem in found)
