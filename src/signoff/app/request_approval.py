"""Request an approval: a task of somebody's own workflow is assessed, and let through at once or put before people.

The request is a gate like every other. Its payload is the task, so that the digest which approvals name covers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from signoff.app.assess import assess
from signoff.app.open_gate import OnDecision, open_gate
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.gates.gate import Gate, State
from signoff.gates.name import POLICY_PREFIX
from signoff.gates.prompt import TITLE_CHARS_MAX
from signoff.gates.requirement import POLICY_ROLE, Need, Requirement
from signoff.gates.terms import Terms
from signoff.plans.markdown import line, paragraphs
from signoff.policy.level import Level
from signoff.policy.risk import Assessment

#: Under what name the prompt's `uiHints` have `{risk_level, risk_score, reasons}`, as it was when people were asked.
RISK_HINT = "risk"
#: Of a gate that is decided as soon as it is open; every gate has a deadline.
AUTOMATIC_TTL_S = 60

#: Of a gate that nobody is asked at.
BY_POLICY = Requirement(needs=(Need((POLICY_ROLE,), 1),))


@dataclass(frozen=True)
class Requested:
    gate: Gate
    assessment: Assessment

    @property
    def is_approved(self) -> bool:
        return self.gate.state is State.RECEIVED


@use_case
def request_approval(
    world: World,
    *,
    workflow_id: str,
    gate_key: str,
    task: Mapping[str, Any],
    requested_by: str,
    actor: str,
    on_decision: OnDecision,
) -> Requested:
    """The gate, decided already where the policy approves by itself.

    Raises:
        InvalidInputError: also `invalid-task`; nothing is written. ConflictError: (`gate-exists`). PolicyError.
    """
    assessment = assess(world, task)
    level = assessment.level
    reasons = [{"rule": reason.rule, "because": reason.because} for reason in assessment.reasons]
    risk = {"risk_level": level.name, "risk_score": assessment.risk_score, "reasons": reasons}
    gate, _ = open_gate(
        world,
        workflow_id=workflow_id,
        gate_key=gate_key,
        prompt={"title": _title(task), "body": _body(assessment), "uiHints": {RISK_HINT: risk}},
        payload=dict(task),
        ttl_s=level.ttl_s or AUTOMATIC_TTL_S,
        actor=actor,
        requirement=level.requirement or BY_POLICY,
        requested_by=requested_by,
        risk_level=level.name,
        # A thread that never stops is not resumed.
        on_decision=None if level.auto_approve and on_decision.kind == "resume" else on_decision,
        ladder=level.ladder,
        terms=terms_of(level),
        automatic=policy_name(level.name) if level.auto_approve else None,
    )
    return Requested(gate, assessment)


def policy_name(level: str) -> str:
    """Under what name the policy approves what is of this risk level."""
    return f"{POLICY_PREFIX}{level}"


def terms_of(level: Level) -> Terms:
    """What a level says of a gate's time and telling."""
    schedule = None if level.schedule is None else level.schedule.to_wire()
    return Terms(level.on_timeout, schedule, is_quiet=not level.notify)


def _title(task: Mapping[str, Any]) -> str:
    """What the task says of itself, in a line: its description, else `delete database in production`."""
    said = line(str(task.get("description") or "")) or line(" ".join(_named(task))) or "A task that says nothing"
    return said if len(said) <= TITLE_CHARS_MAX else said[: TITLE_CHARS_MAX - 1] + "…"


def _named(task: Mapping[str, Any]) -> Iterator[str]:
    for name, before in (("operation", ""), ("resource_type", ""), ("environment", "in ")):
        if task.get(name):
            yield f"{before}{task[name]}"


def _body(assessment: Assessment) -> str:
    """Why it is as risky as that. The task itself is the payload, which every surface shows."""
    reasons = "\n".join(f"- {reason.rule}: {line(reason.because)}" for reason in assessment.reasons)
    return paragraphs(f"Risk: **{assessment.risk_level}** ({assessment.risk_score} of 10).", reasons)
