"""Assessments and policies as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from signoff.cli.output import duration, say
from signoff.cli.table import Column, print_table
from signoff.cli.terminal import one_line
from signoff.gates.gate import RISK_LEVELS
from signoff.policy.explain import of_part, of_task
from signoff.policy.level import APPROVE
from signoff.policy.risk import RiskPolicy, Rule

_COLOURS = {"low": "green", "medium": "blue", "high": "yellow", "critical": "red"}


def draw_assessment(assessment: Mapping[str, Any]) -> None:
    """In its wire form: it may come from a server."""
    level = assessment["risk_level"]
    say(f"{level} ({assessment['risk_score']} of 10)", fg=_COLOURS[level], bold=True)
    if not assessment["reasons"]:
        say("  no rule fired")
    for reason in assessment["reasons"]:
        say(f"  {one_line(reason['rule'])}: {one_line(reason['because'])}")
    _draw_level(assessment)


def draw_task(task: Any, policy: RiskPolicy) -> None:
    """The assessment, and why each rule fired or did not."""
    tried = of_task(task, policy)
    draw_assessment(tried)
    for rule in tried["rules"]:
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
        _draw_level(part)
    for key in ("when", "because", "trigger", "where", "may_approve", "rules", "triggers"):
        told = part.get(key)
        if told and told != name:
            between = " and " if key == "when" else ", "
            _draw_line(key.replace("_", " "), between.join(told) if isinstance(told, list) else told)


def _row(rule: Rule) -> tuple[str, ...]:
    return rule.name, rule.level, rule.trigger or "", " and ".join(map(str, rule.conditions))


def _draw_level(level: Mapping[str, Any]) -> None:
    for label, text in _asked(level):
        _draw_line(label, text)


def _asked(level: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    requirement = level["requirement"]
    if requirement is None:
        yield "asks", "nobody: it is approved at once"
        return
    needs = (f"{need['count']} of {', '.join(need['any_of'])}" for need in requirement["needs"])
    but = "; not whoever asks for it" if requirement["notRequester"] else ""
    why = "; with a reason" if requirement["justification"] else ""
    yield "asks", f"{' and '.join(needs)}{but}{why}"
    if ladder := level["ladder"]:
        times = "" if len(ladder) == 1 else f", {len(ladder)} times"
        yield "escalates", f"after {duration(level['ttl_s'] * 1000)}{times}, to {', '.join(ladder[0]['addRoles'])}"
    end = "approved" if level["on_timeout"] == APPROVE else "refused"
    yield "ends", f"after {duration(level['timeout_s'] * 1000)}, {end}"
    if (schedule := level["schedule"]) is not None:
        yield "clock goes", f"{', '.join(schedule['days'])} {schedule['hours']} {schedule['timezone']}"


def _draw_line(label: str, text: str) -> None:
    say(f"  {label:<12} {one_line(text)}")
