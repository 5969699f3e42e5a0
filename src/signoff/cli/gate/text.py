"""A gate in words, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signoff.cli.failure import receipt_line
from signoff.cli.output import moment, say, time_left
from signoff.cli.terminal import is_terminal, one_line
from signoff.gates.prompt import SHARED_FIELDS

_FLAGS = {
    "notRequester": "not by whoever asked",
    "justification": "with a rationale",
    "allItems": "with every item ticked",
    "allEvidence": "with no evidence missing",
}


def draw_gate(view: Mapping[str, Any], history: Sequence[Mapping[str, Any]], answers: Sequence[str], now: int) -> None:
    """Everything that somebody needs to decide, and the commands that do it."""
    if is_terminal():
        from signoff.cli.console.panel import print_gate

        print_gate(view, history, now)
    else:
        _say_gate(view, history, now)
    if answers:
        _heading("Answer with")
    for command in answers:
        say(f"  {command}")


def draw_body(view: Mapping[str, Any]) -> None:
    """What is asked, and what an approval lets happen."""
    if is_terminal():
        from signoff.cli.console.panel import print_body

        print_body(view)
        return
    prompt = view["prompt"]
    if prompt.get("body"):
        say()
        say(prompt["body"].rstrip())
    if prompt.get("payload") is not None:
        _heading("What an approval lets happen")
        say(json.dumps(prompt["payload"], indent=2, ensure_ascii=False))


def requirement_words(requirement: Mapping[str, Any]) -> str:
    """`2 of security or lead, different people, with a rationale`."""
    parts = [f"{need['count']} of {_roles(need['any_of'])}" for need in requirement["needs"]]
    if requirement["distinctPeople"] and sum(need["count"] for need in requirement["needs"]) > 1:
        parts.append("different people")
    if names := requirement.get("notBy"):
        parts.append(f"not by {' or '.join(names)}")
    return ", ".join([*parts, *(words for flag, words in _FLAGS.items() if requirement.get(flag))])


def remaining_words(remaining: Mapping[str, int]) -> str:
    return ", ".join(f"{count} of {_roles(label.split(','))}" for label, count in remaining.items())


def facts(view: Mapping[str, Any], now: int) -> Iterator[tuple[str, str]]:
    """Names and values: where the gate stands, and what it takes."""
    is_open = view["state"] == "PENDING"
    left = f" ({time_left(view['deadlineAt'] - now)})" if is_open else ""
    yield "State", view["state"]
    if view.get("receipt"):
        yield "Decided", receipt_line(view["receipt"])
    yield "Gate", view["gateKey"]
    yield "Workflow", view["workflowID"]
    yield "Needs", requirement_words(view["requirement"])
    yield "Deadline", moment(view["deadlineAt"]) + left
    if view["escalationLevel"]:
        yield "Escalated", f"{view['escalationLevel']} times"
    if view.get("requestedBy"):
        yield "Asked by", view["requestedBy"]
    if view.get("riskLevel"):
        yield "Risk", view["riskLevel"]
    yield "Digest", view["prompt"]["digest"]


def form_fields(prompt: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those beside choice and rationale."""
    return [field for field in prompt["formSchema"]["fields"] if field["k"] not in SHARED_FIELDS]


def is_missing(piece: Mapping[str, str]) -> bool:
    """A file that nobody found; what is only linked to has no hash, and is not missing for that."""
    return not piece.get("sha256") and "://" not in piece["uri"]


def field_words(field: Mapping[str, Any]) -> str:
    kind = " | ".join(field["vs"]) if field.get("vs") else field["t"]
    title = f" {field['title']}" if field.get("title") else ""
    return f"{field['k']} ({kind}{', optional' if field.get('opt') else ''}){title}"


def choice_words(choice: Mapping[str, str]) -> str:
    return f"{choice['key']}: {choice['label']} ({choice['effect']})"


def interaction_words(one: Mapping[str, Any]) -> str:
    payload = one["payload"]
    why = next((payload[name] for name in ("rationale", "reason", "note", "notes") if payload.get(name)), None)
    said = f"{moment(one['createdAt'])}  {one['choice']} by {one['actor']} ({one['origin']})"
    return said if why is None else f"{said}: {why}"


def _say_gate(view: Mapping[str, Any], history: Sequence[Mapping[str, Any]], now: int) -> None:
    say(one_line(view["prompt"]["title"]), bold=True)
    for name, value in facts(view, now):
        say(f"  {name:<12}{one_line(value)}")
    draw_body(view)
    for title, lines in _sections(view, history):
        _list_under(title, lines)


def _roles(roles: Sequence[str]) -> str:
    return "anyone" if "*" in roles else " or ".join(roles)


def _sections(view: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    prompt = view["prompt"]
    for category in prompt.get("checklist") or []:
        yield category["category"], [_item(item) for item in category["items"]]
    yield "Evidence", [_evidence(piece) for piece in prompt.get("evidence") or []]
    yield "Form", [field_words(field) for field in form_fields(prompt)]
    yield "Choices", [choice_words(choice) for choice in prompt["choices"]]
    yield "History", [interaction_words(one) for one in history]


def _item(item: Mapping[str, Any]) -> str:
    return f"[{'x' if item['checked'] else ' '}] {item['id']}: {item['text']}"


def _evidence(piece: Mapping[str, Any]) -> str:
    digest = f" (sha256 {piece['sha256']})" if piece.get("sha256") else " (missing)" if is_missing(piece) else ""
    return f"{piece['title']}: {piece['uri']}{digest}"


def _list_under(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    _heading(title)
    for line in lines:
        say(f"  {one_line(line)}")


def _heading(title: str) -> None:
    say()
    say(one_line(title), bold=True)
