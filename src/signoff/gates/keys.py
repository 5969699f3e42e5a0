"""How gates, legs, topics and events are named. The forms are frozen: other programs and old records rely on them."""

from __future__ import annotations

import re

from signoff.errors import InvalidInputError
from signoff.gates.digest import sha256_hex

_GATE_KEY = re.compile(r"[a-z0-9][a-z0-9:_-]{0,127}")
_TOPIC = re.compile(r"(?:human|sys):[a-z0-9][a-z0-9:_-]{0,127}")
_WORKFLOW_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}")

GATE_KEY_PATTERN = "^" + _GATE_KEY.pattern + "$"
TOPIC_PATTERN = "^" + _TOPIC.pattern + "$"
WORKFLOW_ID_PATTERN = "^" + _WORKFLOW_ID.pattern + "$"

PARENT_QUEUE = "intentQ"
SANDBOX_QUEUE = "sbxQ"


def gate_key_of(run_id: str, step_id: str, purpose: str, attempt: int) -> str:
    """The key of a gate that a run opens itself: deterministic, so that opening it again finds it."""
    return f"{purpose}-{sha256_hex(f'{run_id}:{step_id}:{purpose}:{attempt}'.encode())[:16]}"


def topic_of(gate_key: str) -> str:
    return f"human:{gate_key}"


def leg_id(workflow_id: str, gate_key: str | None = None) -> str:
    """The engine's workflow id of the first leg, or of the leg that a gate lets through."""
    return workflow_id if gate_key is None else f"{workflow_id}:{gate_key}"


def retry_leg_id(workflow_id: str, attempt: int) -> str:
    return f"{workflow_id}:retry:{attempt}"


def sandbox_id(workflow_id: str, task_key: str, attempt: int) -> str:
    """The engine's workflow id of one task; a retried run's tasks are told apart by the attempt."""
    return f"{workflow_id}:sbx:{task_key}" + ("" if attempt == 1 else f":{attempt}")


def escalation_id(workflow_id: str, gate_key: str, level: int | None = None) -> str:
    """With `level`: a step up the ladder. Without: the gate has timed out."""
    return f"esc:{workflow_id}:{gate_key}" + ("" if level is None else f":{level}")


def prompt_event(gate_key: str) -> str:
    return f"ui:{gate_key}"


def result_event(gate_key: str) -> str:
    return f"ui:{gate_key}:result"


def audit_event(gate_key: str) -> str:
    return f"ui:{gate_key}:audit"


def decision_event(gate_key: str) -> str:
    return f"decision:{gate_key}"


def check_gate_key(gate_key: str) -> str:
    return _check(gate_key, _GATE_KEY, "gate key", "bad-gate-key")


def check_topic(topic: str) -> str:
    return _check(topic, _TOPIC, "topic", "bad-topic")


def check_workflow_id(workflow_id: str) -> str:
    return _check(workflow_id, _WORKFLOW_ID, "workflow id", "bad-workflow-id")


def _check(text: str, pattern: re.Pattern[str], what: str, code: str) -> str:
    if pattern.fullmatch(text) is None:
        raise InvalidInputError(
            f"{text[:80]!r} is not a {what}: it must match ^{pattern.pattern}$.",
            code=code,
            details={"value": text[:200], "pattern": f"^{pattern.pattern}$"},
        )
    return text
