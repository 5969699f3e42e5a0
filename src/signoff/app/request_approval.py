"""Request an approval: a task of somebody's own workflow is assessed, and let through at once or put before people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.app.assess import assess
from signoff.app.open_gate import OnDecision, open_gate
from signoff.app.request_workflow import AUTOMATIC_TTL_S, BY_POLICY, Requested, body_of, terms_of, title_of
from signoff.app.world import World

#: Under what name the prompt's `uiHints` have `{risk_level, risk_score, reasons}`, as it was when people were asked.
RISK_HINT = "risk"


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
    """The gate, decided where the policy approves by itself, and then `on_decision` sets nothing going: whoever asked
    has the answer.

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
        prompt={"title": title_of(task), "body": body_of(assessment), "uiHints": {RISK_HINT: risk}},
        payload=dict(task),
        ttl_s=level.ttl_s or AUTOMATIC_TTL_S,
        actor=actor,
        requirement=level.requirement or BY_POLICY,
        requested_by=requested_by,
        risk_level=level.name,
        on_decision=None if level.auto_approve else on_decision,
        ladder=level.ladder,
        terms=terms_of(level),
        automatic=policy_name(level.name) if level.auto_approve else None,
    )
    return Requested(gate, assessment)


def policy_name(level: str) -> str:
    """Under what name the policy approves what is of this risk level."""
    return f"policy:{level}"
