"""Assessments and policies as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from signoff.cli.output import Column, duration, print_table, say
from signoff.cli.terminal import one_line
from signoff.gates.gate import RISK_LEVELS
from signoff.policy.explain import of_part, of_task
from signoff.policy.level import APPROVE, Level
from signoff.policy.risk import Assessment, RiskPolicy, Rule, assess

_COLOURS = {"low": "green", "medium": "blue", "high": "yellow", "critical": "red"}


def draw_assessment(assessment: Assessment) -> None:
    say(f"{assessment.risk_level} ({assessment.risk_score} of 10)", fg=_COLOURS[assessment.risk_level], bold=True)
    if not assessment.reasons:
        say("  no rule fired")
    for reason in assessment.reasons:
        say(f"  {reason.rule} ({reason.level}): {one_line(reason.because)}")
    _draw_level(assessment.level)


def draw_task(task: Any, policy: RiskPolicy) -> None:
    """The assessment, and why each rule fired or did not."""
    draw_assessment(assess(task, policy))
    for rule in of_task(task, policy)["rules"]:
        say()
        say(f"{rule['rule']} ({rule['level']}): {'fired' if rule['fired'] else 'did not fire'}, {rule['where']}")
        for one in rule["when"]:
            say(f"  {'yes' if one['holds'] else 'no ':<4}{one_line(one['condition'])}")


def draw_policy(policy: RiskPolicy) -> None:
    for name in RISK_LEVELS:
        draw_part(name, policy)
        say()
    columns = [Column("RULE"), Column("LEVEL"), Column("TRIGGER"), Column("WHEN", is_elastic=True)]
    print_table(columns, [_row(rule) for rule in policy.rules])
    say()
    print_table([Column("TRIGGER"), Column("LEVEL")], list(policy.triggers.items()))


def draw_part(name: str, policy: RiskPolicy) -> None:
    part = of_part(name, policy) or {}
    level = part.get("level", name)
    say(name if level == name else f"{name}: {level}", fg=_COLOURS[level], bold=True)
    if name in policy.levels:
        _draw_level(policy.levels[name])
    for key in ("when", "because", "trigger", "where", "may_approve", "rules", "triggers"):
        told = part.get(key)
        if told and told != name:
            between = " and " if key == "when" else ", "
            _draw_line(key.replace("_", " "), between.join(told) if isinstance(told, list) else told)


def _row(rule: Rule) -> tuple[str, ...]:
    return rule.name, rule.level, rule.trigger or "", " and ".join(map(str, rule.conditions))


def _draw_level(level: Level) -> None:
    for label, text in _asked(level):
        _draw_line(label, text)


def _asked(level: Level) -> Iterator[tuple[str, str]]:
    requirement = level.requirement
    if requirement is None:
        yield "asks", "nobody: it is approved at once"
        return
    needs = (f"{need.count} of {', '.join(need.any_of)}" for need in requirement.needs)
    but = "; not whoever asks for it" if requirement.not_requester else ""
    why = "; with a reason" if requirement.justification else ""
    yield "asks", f"{' and '.join(needs)}{but}{why}"
    if level.escalate_after_s is not None:
        times = "" if level.max_escalations == 1 else f", {level.max_escalations} times"
        yield "escalates", f"after {duration(level.escalate_after_s * 1000)}{times}, to {', '.join(level.escalate_to)}"
    end = "approved" if level.on_timeout == APPROVE else "refused"
    yield "ends", f"after {duration(level.timeout_s * 1000)}, {end}"
    if level.schedule is not None:
        told = level.schedule.to_wire()
        yield "clock goes", f"{', '.join(told['days'])} {told['hours']} {told['timezone']}"


def _draw_line(label: str, text: str) -> None:
    say(f"  {label:<12} {one_line(text)}")
