"""The commands that answer a gate, as they can be typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from signoff.cli.call import Call
from signoff.gates.prompt import APPROVE, FIX, HOLD, REJECT, SHARED_FIELDS

_COMMANDS = {APPROVE: "approve", REJECT: "reject", HOLD: "defer"}


def answering_commands(call: Call, where: tuple[str, ...], view: Mapping[str, Any]) -> Iterator[str]:
    """The exact command for every choice."""
    prompt, requirement = view["prompt"], view["requirement"]
    effects = [choice["effect"] for choice in prompt["choices"]]
    for choice in prompt["choices"]:
        key, effect = choice["key"], choice["effect"]
        named = ["--choice", key] if effect == FIX or effects.count(effect) > 1 else []
        words = ["gate", _COMMANDS.get(effect, "reply"), *where, *named]
        if requirement["justification"] and effect in (APPROVE, REJECT):
            words += ["--rationale", "TEXT"]
        if effect == APPROVE:
            words += _asked_of_approvals(prompt, requirement)
        yield call.again(*words)


def _asked_of_approvals(prompt: Mapping[str, Any], requirement: Mapping[str, Any]) -> list[str]:
    words = ["--all-items"] if requirement["allItems"] and prompt.get("checklist") else []
    for field in prompt["formSchema"]["fields"]:
        if not field.get("opt") and field["k"] not in SHARED_FIELDS:
            words += ["--field", f"{field['k']}=VALUE"]
    return words
