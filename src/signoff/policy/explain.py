"""What a policy says, as JSON values: of a level, a rule, a trigger, of a task, or all of it."""

from __future__ import annotations

from typing import Any

from signoff.gates.gate import RISK_LEVELS
from signoff.policy.risk import RiskPolicy, Rule, assess, to_wire
from signoff.policy.task import Task, read_task


def of_policy(policy: RiskPolicy) -> dict[str, Any]:
    return {
        "levels": [of_level(name, policy) for name in RISK_LEVELS],
        "rules": [of_rule(rule) for rule in policy.rules],
        "triggers": [of_trigger(name, policy) for name in policy.triggers],
        "operations": sorted(policy.operations),
        "severities": sorted(policy.severities),
        "unknown_operation": policy.unknown_operation,
        "unknown_severity": policy.unknown_severity,
    }


def of_part(name: str, policy: RiskPolicy) -> dict[str, Any] | None:
    """The level, rule or trigger of this name; None where there is none."""
    if name in policy.levels:
        return of_level(name, policy)
    if name in policy.triggers:
        return of_trigger(name, policy)
    return next((of_rule(rule) for rule in policy.rules if rule.name == name), None)


def of_level(name: str, policy: RiskPolicy) -> dict[str, Any]:
    """What it asks of whom, who may approve it, and what leads to it."""
    return {
        "level": name,
        **policy.levels[name].to_wire(),
        "may_approve": [role for role, levels in policy.roles.items() if name in levels],
        "rules": [rule.name for rule in policy.rules if rule.level == name],
        "triggers": [trigger for trigger, level in policy.triggers.items() if level == name],
    }


def of_rule(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "level": rule.level,
        "trigger": rule.trigger,
        "because": rule.because,
        "when": [str(condition) for condition in rule.conditions],
        "where": rule.where,
    }


def of_trigger(name: str, policy: RiskPolicy) -> dict[str, Any]:
    rules = [rule.name for rule in policy.rules if rule.trigger == name]
    return {"trigger": name, "level": policy.triggers[name], "rules": rules}


def of_task(task: Any, policy: RiskPolicy) -> dict[str, Any]:
    """The assessment, and each rule with whether it fired and which of its conditions hold.

    Raises:
        InvalidInputError: (`invalid-task`).
    """
    read = read_task(task, policy.kinds)
    return {**to_wire(assess(task, policy)), "rules": [_tried(rule, read) for rule in policy.rules]}


def _tried(rule: Rule, task: Task) -> dict[str, Any]:
    when = [{"condition": str(condition), "holds": condition.holds(task)} for condition in rule.conditions]
    return {**of_rule(rule), "when": when, "fired": rule.holds(task)}
