"""A notice of no gate: to try templates and channels with."""

from __future__ import annotations

from signoff.app.deliver_notice import Notice
from signoff.app.notify_gate import DECIDED, ENDING, OPENED, OVERRIDDEN, TIMED_OUT
from signoff.gates.gate import Gate, State
from signoff.gates.keys import topic_of
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE

TITLE = "A test of signoff's notices: there is nothing to decide"
TTL_S = 3_600


def sample_notice(delivery_id: str, *, now: int, event: str = OPENED) -> Notice:
    prompt = build_prompt({"title": TITLE}, requirement=ANYONE_ONCE, ttl_s=TTL_S, now=now)
    is_decided = event in (DECIDED, OVERRIDDEN)
    gate = Gate(
        workflow_id="notify-test",
        gate_key="test",
        run_id=None,
        topic=topic_of("test"),
        prompt=prompt,
        requirement=ANYONE_ONCE,
        opened_at=now,
        deadline_at=prompt.wire["deadlineAt"],
        state=_state(event, is_decided=is_decided),
        decision="yes" if is_decided else None,
        decided_by="signoff" if event in ENDING else None,
        decided_at=now if event in ENDING else None,
        reply={"choice": "yes", "rationale": "it is a test"} if is_decided else None,
    )
    return Notice(delivery_id, event, now, gate)


def _state(event: str, *, is_decided: bool) -> State:
    if event not in ENDING:
        return State.PENDING
    return State.RECEIVED if is_decided else State.TIMED_OUT if event == TIMED_OUT else State.CANCELLED
