"""What a task is taken for, and what that asks of people."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from policy_samples import SHIPPED, WHOLE, policy_of
from risk_table import ROWS

from signoff.errors import InvalidInputError
from signoff.gates.deadline import Rung
from signoff.gates.requirement import Need
from signoff.policy.risk import assess, to_wire


def level_of(task: Any) -> str:
    return assess(task, SHIPPED).risk_level


def rules_of(task: Any) -> list[str]:
    return [reason.rule for reason in assess(task, SHIPPED).reasons]


@pytest.mark.parametrize(("task", "level"), ROWS)
def test_the_shipped_rules_take_each_task_for_what_is_promised(task: dict[str, Any], level: str) -> None:
    assert level_of(task) == level


def test_every_rule_that_fires_is_told_and_the_highest_wins() -> None:
    task = {"operation": "deploy", "environment": "production", "estimated_cost": 2000, "trigger": "delete_production"}
    assert level_of(task) == "critical"
    assert rules_of(task) == ["deploy-to-production", "cost-above-1000", "cost-above-100", "delete_production"]


def test_what_no_rule_looks_at_is_low_without_a_reason() -> None:
    found = assess({"operation": "read", "environment": "production", "ticket": {"any": [1]}}, SHIPPED)
    assert (found.risk_level, found.risk_score, found.reasons) == ("low", 0, ())
    assert (found.auto_approve, found.requirement, found.ttl_s, found.ladder) == (True, None, None, ())


@pytest.mark.parametrize("operation", ["launch", "", "deletee", None])
def test_an_operation_that_is_not_known_is_never_low(operation: str | None) -> None:
    task = {"operation": operation}
    assert (level_of(task), rules_of(task)) == ("medium", ["unknown-operation"])


def test_a_severity_that_is_not_known_is_never_low_and_named_once() -> None:
    found = assess({"operation": "read", "security_findings": [{"severity": "Odd"}, {"severity": "odd "}]}, SHIPPED)
    assert [(one.rule, one.because) for one in found.reasons] == [
        ("unknown-severity", "Not known as a severity: 'odd'.")
    ]
    assert found.risk_level == "medium"


def test_a_file_may_say_otherwise_of_what_is_not_known() -> None:
    policy = policy_of(WHOLE + "unknown_operation: low\nunknown_severity: critical\n")
    assert assess({"operation": "x"}, policy).risk_level == "low"
    task = {"operation": "read", "security_findings": [{"severity": "x"}]}
    assert assess(task, policy).risk_level == "critical"


@pytest.mark.parametrize(
    ("task", "at"),
    [
        ({"estimated_cost": -0.01}, "estimated_cost"),
        ({"estimated_cost": "100"}, "estimated_cost"),
        ({"estimated_cost": True}, "estimated_cost"),
        ({"estimated_cost": float("nan")}, "estimated_cost"),
        ({"estimated_cost": float("inf")}, "estimated_cost"),
        ({"operation": 1}, "operation"),
        ({"operation": ["delete"]}, "operation"),
        ({"environment": {}}, "environment"),
        ({"resource_type": False}, "resource_type"),
        ({"data_sensitive": "yes"}, "data_sensitive"),
        ({"changes_permissions": 1}, "changes_permissions"),
        ({"target_branch": 1.5}, "target_branch"),
        ({"description": []}, "description"),
        ({"security_findings": {"severity": "high"}}, "security_findings"),
        ({"security_findings": ["high"]}, "security_findings.0"),
        ({"security_findings": [{"severity": "low"}, {}]}, "security_findings.1"),
        ({"security_findings": [{"severity": None}]}, "security_findings.0"),
        ({"trigger": "no_such"}, "trigger"),
        ({"trigger": 1}, "trigger"),
        ({"environment": "production\u200b"}, "environment"),
        ({"environment": "pro\u00adduction"}, "environment"),
        ({"environment": "pro\u2009duction"}, "environment"),
        ({"environment": "prod\nuction"}, "environment"),
        ({"environment": "pr\u043eduction"}, "environment"),
        ({"environment": "\uff50r\u03bfduction"}, "environment"),
        ({"operation": "del\u0435te"}, "operation"),
        ({"resource_type": "infr\u0430structure"}, "resource_type"),
        ({"target_branch": "release/m\u0430in"}, "target_branch"),
        ({"trigger": "data_export\ufe0f"}, "trigger"),
        ({"security_findings": [{"severity": "cr\u0456tical"}]}, "security_findings.0.severity"),
        ({"security_findings": [{"severity": "low", "Severity": "high"}]}, "security_findings.0.Severity"),
        ({"Environment": "production"}, "Environment"),
        ({"environment ": "production"}, "environment "),
        ({"environment\u200b": "production"}, "environment\u200b"),
        ({"envir\u043enment": "production"}, "envir\u043enment"),
        ({"\uff4fperation": "delete"}, "\uff4fperation"),
        ({"resourceType": "infrastructure"}, "resourceType"),
        ({"target-branch": "main"}, "target-branch"),
        ([], ""),
        (None, ""),
        ("task", ""),
    ],
)
def test_a_malformed_task_is_refused_and_the_member_named(task: Any, at: str) -> None:
    if isinstance(task, dict):
        task = {"operation": "read", **task}
    with pytest.raises(InvalidInputError) as refused:
        assess(task, SHIPPED)
    assert (refused.value.code, refused.value.details) == ("invalid-task", {"at": at})


@pytest.mark.parametrize(
    "environment",
    [
        "PRODUCTION",
        " production\n",
        "\uff50\uff52\uff4f\uff44\uff55\uff43\uff54\uff49\uff4f\uff4e",
        "\U0001d429roduction",
    ],
)
def test_a_word_is_known_in_whatever_case_width_and_style_it_is_written(environment: str) -> None:
    assert level_of({"operation": "\uff24elete", "environment": environment}) == "critical"


def test_words_of_one_alphabet_and_a_description_in_any_are_taken() -> None:
    policy = policy_of(WHOLE + rule("{description: {glob: '*drop table*'}}"))
    plain = {
        "operation": "read",
        "environment": "\u043f\u0440\u043e\u0434",
        "target_branch": "\u672c\u756adb/\u03b1\u03b2-api",
    }
    assert assess({**plain, "description": "SMS\u043a\u0430 \u2764\ufe0f\nand more"}, policy).reasons == ()
    assert assess({**plain, "description": "DROP\u200b table"}, policy).risk_level == "high"


def test_a_name_beside_the_known_ones_is_refused_where_a_rule_looks_at_what_it_could_be_taken_for() -> None:
    assert level_of({"operation": "read", "replica_s": 5}) == "low"
    with pytest.raises(InvalidInputError, match="its member 'Replicas' must be spelt replicas"):
        assess({"operation": "read", "Replicas": 5}, policy_of(WHOLE + rule("{replicas: {at_least: 3}}")))


def test_a_member_that_is_null_is_one_that_is_left_out_and_any_mapping_is_a_task() -> None:
    nothing = dict.fromkeys(("environment", "estimated_cost", "security_findings", "trigger", "data_sensitive"))
    assert rules_of({"operation": "read", **nothing}) == []
    assert level_of(MappingProxyType({"operation": "delete", "environment": "production"})) == "critical"


def test_a_number_beyond_all_bounds_is_still_compared() -> None:
    assert level_of({"operation": "read", "estimated_cost": 10**400}) == "high"


def rule(when: str) -> str:
    return f"rules:\n  - {{name: one, when: {when}, level: high}}\n"


@pytest.mark.parametrize(
    ("when", "fires", "does_not"),
    [
        ("{environment: production}", {"environment": "Production"}, {"environment": "prod"}),
        ("{environment: {equals: production}}", {"environment": "production"}, {}),
        ("{environment: [a, b]}", {"environment": "b"}, {"environment": "c"}),
        ("{environment: {in: [a, b]}}", {"environment": "a"}, {"environment": None}),
        ("{estimated_cost: {at_least: 5}}", {"estimated_cost": 5}, {"estimated_cost": 4.99}),
        ("{estimated_cost: {more_than: 5}}", {"estimated_cost": 5.01}, {"estimated_cost": 5}),
        ("{target_branch: {glob: release/*}}", {"target_branch": "release/1/x"}, {"target_branch": "main/release/1"}),
        ("{data_sensitive: true}", {"data_sensitive": True}, {"data_sensitive": False}),
        ("{security_findings: {any_severity: high}}", {"security_findings": [{"severity": "high"}]},
         {"security_findings": [{"severity": "low"}]}),
        ("{replicas: {at_least: 3}}", {"replicas": 3}, {"replicas": 2}),
        ("{replicas: 3}", {"replicas": 3.0}, {}),
        ("{team: core, replicas: 3}", {"team": "Core", "replicas": 3}, {"team": "core", "replicas": 4}),
    ],
)  # fmt: skip
def test_a_rule_fires_when_all_its_conditions_hold(when: str, fires: dict[str, Any], does_not: dict[str, Any]) -> None:
    policy = policy_of(WHOLE + rule(when))
    assert [one.rule for one in assess({"operation": "read", **fires}, policy).reasons] == ["one"]
    assert assess({"operation": "read", **does_not}, policy).reasons == ()


def test_a_field_that_a_rule_looks_at_must_be_of_its_type() -> None:
    policy = policy_of(WHOLE + rule("{replicas: {at_least: 3}}"))
    with pytest.raises(InvalidInputError, match="replicas must be a number"):
        assess({"operation": "read", "replicas": "5"}, policy)


def test_a_rule_says_its_conditions_where_nobody_says_why() -> None:
    policy = policy_of(WHOLE + rule("{environment: [a, b], data_sensitive: true}"))
    (reason,) = assess({"operation": "read", "environment": "a", "data_sensitive": True}, policy).reasons
    assert reason.because == "Environment is one of a, b and data_sensitive is true."


def test_the_shipped_levels_ask_whom_they_promise_for_as_long_as_they_promise() -> None:
    asked = [level.requirement for level in SHIPPED.levels.values()]
    assert asked[0] is None
    assert [(one.needs, one.not_requester, one.justification) for one in asked if one is not None] == [
        ((Need(("team_lead",), 1),), False, False),
        ((Need(("team_lead", "tech_lead"), 1),), True, False),
        ((Need(("tech_lead", "cto"), 1),), True, True),
    ]
    assert [(level.ttl_s, level.ladder, level.notify, level.on_timeout) for level in SHIPPED.levels.values()] == [
        (None, (), False, "reject"),
        (1800, (), True, "reject"),
        (1800, (Rung(1800, ("cto",)),), True, "reject"),
        (900, (Rung(1800, ("security_team",)),), True, "reject"),
    ]


def test_the_wire_form_has_what_is_promised() -> None:
    wire = to_wire(assess({"operation": "deploy", "environment": "production"}, SHIPPED))
    assert wire == {
        "risk_level": "high",
        "risk_score": 6,
        "reasons": [
            {"rule": "deploy-to-production", "because": "What is deployed to production reaches its users."}
        ],
        "auto_approve": False,
        "notify": True,
        "approvers": ["team_lead", "tech_lead"],
        "requirement": {
            "needs": [{"any_of": ["team_lead", "tech_lead"], "count": 1}],
            "distinctPeople": True,
            "notRequester": True,
            "justification": False,
            "allItems": False,
        },
        "ttl_s": 1800,
        "timeout_s": 3600,
        "on_timeout": "reject",
        "ladder": [{"ttlS": 1800, "addRoles": ["cto"]}],
        "schedule": None,
    }  # fmt: skip
