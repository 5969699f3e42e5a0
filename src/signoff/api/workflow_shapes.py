"""What goes in and out of the workflows' routes. Their members are in snake_case, as those of tasks and risk are."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from signoff.api.answers import ReceiptOut
from signoff.api.bodies import TaskBody
from signoff.app.find_workflows import DESCRIPTION_CHARS_MAX
from signoff.app.gate_stats import STATUSES

_ID = "wf_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2"
_AT = 1767225600000

Level = Literal["low", "medium", "high", "critical"]


def _shape(*, strict: bool = False, **example: Any) -> ConfigDict:
    examples: JsonDict | None = {"examples": [example]} if example else None
    return ConfigDict(extra="forbid", strict=strict, json_schema_extra=examples)


class WorkflowIn(BaseModel):
    model_config = _shape(
        strict=True,
        task={"task_id": "deploy-42", "operation": "deploy", "environment": "production", "description": "Deploy 4.2"},
        requested_by="deploy-agent",
    )

    task: TaskBody = Field(description="What shall be done; its `task_id` or `id` names it in lists.")
    requested_by: str
    callback_url: str | None = Field(default=None, description="Called, signed, as soon as it is resolved.")


class ApproveWorkflowIn(BaseModel):
    model_config = _shape(strict=True, approved_by="ada", justification="The canary has been fine for an hour.")

    approved_by: str | None = Field(default=None, description="With a token that of its holder, or left out.")
    justification: str | None = Field(default=None, description="Needed where the risk level asks for one.")


class RejectWorkflowIn(BaseModel):
    model_config = _shape(strict=True, rejected_by="ada", reason="Not during the freeze.")

    rejected_by: str | None = Field(default=None, description="With a token that of its holder, or left out.")
    reason: str


class RequestedWorkflowOut(BaseModel):
    model_config = _shape(
        workflow_id=_ID, status="pending", risk_level="high", approvers=["team_lead", "tech_lead"], timeout_at=_AT
    )

    workflow_id: str
    status: Literal["approved", "pending"]
    auto: Literal[True] | None = Field(default=None, description="Only where nobody had to be asked.")
    risk_level: Level | None = Field(default=None, description="This and what follows: only of a pending one.")
    approvers: list[str] | None = Field(default=None, description="The roles that may answer.")
    timeout_at: int | None = Field(default=None, description="When it ends, if nobody answers and it climbs on time.")


class PendingWorkflowOut(BaseModel):
    model_config = _shape()

    workflow_id: str
    task_id: str
    risk_level: Level | None
    description: str = Field(description=f"Cut after {DESCRIPTION_CHARS_MAX} characters; its status has all of it.")
    requested_by: str | None
    requested_at: int
    approvers: list[str]
    timeout_at: int


class PendingWorkflowsOut(BaseModel):
    model_config = _shape()

    success: Literal[True]
    workflows: list[PendingWorkflowOut]
    has_more: bool = Field(description="Whether more wait than the limit let through.")


class ApprovedWorkflowOut(BaseModel):
    model_config = _shape(success=True, workflow_id=_ID, status="approved", approved_by="ada", remaining={})

    success: Literal[True]
    workflow_id: str
    status: Literal["approved", "pending"] = Field(description="Pending while others have to approve too.")
    approved_by: str
    remaining: dict[str, int] = Field(description="Places that approvals have yet to fill, by the roles that may.")


class RejectedWorkflowOut(BaseModel):
    model_config = _shape(success=True, workflow_id=_ID, status="rejected", rejected_by="ada")

    success: Literal[True]
    workflow_id: str
    status: Literal["rejected"]
    rejected_by: str


class ApprovalRequestOut(BaseModel):
    """A row of `app.approval_requests`."""

    model_config = _shape()

    workflow_id: str
    task_id: str
    risk_level: Level | None
    operation_type: str | None
    description: str
    status: Literal["pending", "approved", "rejected", "timeout", "cancelled"]
    requested_by: str | None
    requested_at: int
    approvers: list[str]
    required_approvals: int
    received_approvals: int
    timeout_at: int
    escalated: bool
    escalation_count: int
    resolved_by: str | None
    resolved_at: int | None
    resolution_note: str | None


class WorkflowDecisionOut(BaseModel):
    model_config = _shape()

    actor: str
    role: str | None
    decision: str
    why: str | None
    at: int


class WorkflowEventOut(BaseModel):
    model_config = _shape()

    at: int
    event: str
    actor: str
    reason: str | None


class WorkflowOut(BaseModel):
    model_config = _shape()

    success: Literal[True]
    workflow: ApprovalRequestOut
    task: Any = Field(description="What an approval lets happen.")
    decisions: list[WorkflowDecisionOut] = Field(description="Every answer, whether it resolved it or not.")
    history: list[WorkflowEventOut] = Field(description="Its audit trail, the first 500 entries.")
    waits_for: dict[str, int] | None = Field(description="Places that approvals have yet to fill; null at the end.")
    receipt: ReceiptOut | None = Field(default=None, description="Once it is resolved.")


class ApprovalTimeOut(BaseModel):
    model_config = _shape()

    count: int
    average_ms: int | None = Field(alias="averageMs")
    median_ms: int | None = Field(alias="medianMs")


class ApproverOut(BaseModel):
    model_config = _shape()

    actor: str
    approved: int
    rejected: int


class GateStatsOut(BaseModel):
    model_config = _shape()

    gates: int
    open: int
    overdue: int = Field(description="Open, with a deadline that has passed.")
    approval_time: ApprovalTimeOut = Field(
        alias="approvalTime", description="From the opening to the decision, of what people approved."
    )
    by_decision: dict[str, int] = Field(alias="byDecision", description=f"How many are {', '.join(STATUSES)}.")
    by_level: dict[str, dict[str, int]] = Field(
        alias="byLevel", description="The same for each risk level; `none` for gates without one."
    )
    by_approver: list[ApproverOut] = Field(alias="byApprover", description="The 200 who answered most often.")
