"""What a template may say of a notice.

Titles, names and reasons come from agents and strangers. Here each becomes one line of bounded length without anything
that is obeyed rather than read; what a kind of channel obeys beyond that, its templates escape.
"""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from signoff.app.deliver_notice import Notice
from signoff.gates.gate import Gate
from signoff.gates.reply import read_reply
from signoff.gates.requirement import ANYONE

LINE_CHARS_MAX = 500

#: Control and format characters (bidirectional and invisible ones among them), lone surrogates.
_OBEYED = ("Cc", "Cf", "Cs")


class Ours(str):
    """A text that no stranger has a hand in, made of characters that mean nothing anywhere: it needs no escape."""

    __slots__ = ()


def facts_of(notice: Notice, *, public_url: str | None) -> dict[str, Any]:
    """
    Returns:
        Every text is one line, and empty where there is nothing to say. `about` has those that are worth a line of
        their own, as pairs of label and text. `subject` is a mapping of texts.
    """
    gate = notice.gate
    facts: dict[str, Any] = {
        "event": notice.event,
        "title": one_line(gate.prompt.title),
        "workflow": one_line(gate.workflow_id),
        "gate": one_line(gate.gate_key),
        "state": gate.state.value,
        "is_open": not gate.is_final,
        "decision": _decision(gate),
        "decided_by": one_line(gate.decided_by or ""),
        "rationale": _rationale(gate),
        "risk_level": gate.risk_level or "",
        "roles": _roles(gate),
        "requested_by": one_line(gate.requested_by or ""),
        "deadline": _moment(gate.deadline_at),
        "subject": {one_line(name): one_line(text) for name, text in gate.prompt.subject.items()},
        "link": _link_of(notice, public_url),
        "command": Ours(shlex.join(["signoff", "gate", "show", gate.workflow_id, gate.gate_key])),
        "delivery_id": notice.delivery_id,
    }
    return {**facts, "about": _about(facts)}


def link_to(gate: Gate, public_url: str | None) -> Ours:
    """The gate in the inbox, where people look and then answer: opening it decides nothing."""
    if public_url is None:
        return Ours()
    return Ours(f"{public_url.rstrip('/')}/gates/{quote(gate.workflow_id, safe='')}/{quote(gate.gate_key, safe='')}")


def _link_of(notice: Notice, public_url: str | None) -> Ours:
    """One that signs its reader in for this gate, where there is one."""
    if public_url is None or notice.link_secret is None:
        return link_to(notice.gate, public_url)
    return Ours(f"{public_url.rstrip('/')}/links/{notice.link_secret}")


def one_line(text: str) -> str:
    spaced = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text)
    line = " ".join("".join(one for one in spaced if unicodedata.category(one) not in _OBEYED).split())
    return line if len(line) <= LINE_CHARS_MAX else f"{line[:LINE_CHARS_MAX]}…"


def _about(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    told = [
        ("Decision", facts["decision"]),
        ("By", facts["decided_by"]),
        ("Reason", facts["rationale"]),
        ("Risk", facts["risk_level"]),
        ("Asked for by", facts["requested_by"]),
        ("Who may answer", facts["roles"] if facts["is_open"] else ""),
        ("Until", facts["deadline"] if facts["is_open"] else ""),
        *facts["subject"].items(),
        ("Workflow", facts["workflow"]),
        ("Gate", facts["gate"]),
    ]
    return [(label, text) for label, text in told if text]


def _decision(gate: Gate) -> str:
    choice = gate.prompt.choice(gate.decision or "")
    return "" if choice is None else one_line(choice.label)


def _rationale(gate: Gate) -> str:
    said = None if gate.reply is None else read_reply(gate.reply, gate.prompt).rationale
    return one_line(said or "")


def _roles(gate: Gate) -> str:
    roles = list(dict.fromkeys(role for need in gate.requirement.needs for role in need.any_of))
    return "anyone" if ANYONE in roles else one_line(", ".join(roles))


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
