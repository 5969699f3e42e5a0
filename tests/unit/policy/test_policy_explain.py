"""What a policy says of its parts, and of a task."""

from __future__ import annotations

from policy_samples import SHIPPED, WHOLE, policy_of

from signoff.policy.explain import of_part, of_policy, of_task

RULES = """\
triggers: {big: critical}
rules:
  - {name: wide, when: {replicas: {at_least: 3}}, trigger: big, because: It is wide.}
  - {name: open, when: {operation: deploy, x: y}, level: high}
"""
POLICY = policy_of(WHOLE + RULES)


def test_a_level_names_what_leads_to_it_and_who_may_approve_it() -> None:
    found = of_part("critical", POLICY)
    assert found is not None
    assert (found["may_approve"], found["rules"], found["triggers"]) == (["boss"], ["wide"], ["big"])
    assert (found["approvers"], found["ttl_s"], found["auto_approve"]) == (["boss"], 86_400, False)


def test_a_rule_names_where_it_stands_and_a_trigger_the_rules_that_lead_to_it() -> None:
    assert of_part("wide", POLICY) == {
        "rule": "wide",
        "level": "critical",
        "trigger": "big",
        "because": "It is wide.",
        "when": ["replicas is at least 3"],
        "where": "1.yaml:11",
    }
    assert of_part("big", POLICY) == {"trigger": "big", "level": "critical", "rules": ["wide"]}
    assert of_part("none", POLICY) is None


def test_a_task_is_told_each_rule_with_which_of_its_conditions_hold() -> None:
    found = of_task({"operation": "deploy", "replicas": 3}, POLICY)
    assert (found["risk_level"], [reason["rule"] for reason in found["reasons"]]) == ("critical", ["wide"])
    assert [(rule["rule"], rule["fired"], [one["holds"] for one in rule["when"]]) for rule in found["rules"]] == [
        ("wide", True, [True]),
        ("open", False, [True, False]),
    ]


def test_the_whole_policy_has_each_part_once() -> None:
    found = of_policy(SHIPPED)
    assert [level["level"] for level in found["levels"]] == ["low", "medium", "high", "critical"]
    assert [rule["rule"] for rule in found["rules"]] == [rule.name for rule in SHIPPED.rules]
    assert {one["trigger"]: one["level"] for one in found["triggers"]} == SHIPPED.triggers
    assert (len(found["operations"]), found["unknown_operation"], found["unknown_severity"]) == (12, "medium", "medium")
