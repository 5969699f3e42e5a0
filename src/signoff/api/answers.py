"""What goes out, for the docs. The values themselves are made by `signoff.app.views`; tests hold the two together."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

from signoff.api.parameters import EXAMPLE_GATE_KEY, EXAMPLE_WORKFLOW_ID
from signoff.api.surface import DatabaseName
from signoff.gates.gate import State
from signoff.plans.run import Status

_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_AT = 1767225600000


def _shape(**example: Any) -> ConfigDict:
    examples: JsonDict | None = {"examples": [example]} if example else None
    return ConfigDict(extra="forbid", alias_generator=to_camel, json_schema_extra=examples)


class HealthOut(BaseModel):
    model_config = _shape(ok=True, version="0.1.0", database="sqlite", auth="open")

    ok: Literal[True]
    version: str
    database: DatabaseName
    auth: Literal["open", "tokens"]


class IntentOut(BaseModel):
    model_config = _shape(intentId="it_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2")

    intent_id: str


class RunOut(BaseModel):
    model_config = _shape(
        workflowID="it_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2",
        intentId="it_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2",
        recipeName="compile-default",
        status="WAITING_INPUT",
        nextAction="APPROVE_PLAN",
        lastStep="ApplyPatchST",
        error=None,
        createdAt=_AT,
        updatedAt=_AT,
    )

    workflow_id: str = Field(alias="workflowID")
    intent_id: str | None
    recipe_name: str
    status: Status
    next_action: str
    last_step: str | None
    error: str | None
    created_at: int
    updated_at: int
    subject: str | None = Field(
        default=None, description="What it is about under its door: a spec's path. Left out where it is about nothing."
    )


class StartedRunOut(RunOut):
    is_replay: bool = Field(description="It had been started before.")


class RunPageOut(BaseModel):
    model_config = _shape()

    items: list[RunOut]
    next_cursor: str | None


class ReceiptOut(BaseModel):
    model_config = _shape(
        workflowID=EXAMPLE_WORKFLOW_ID,
        gateKey=EXAMPLE_GATE_KEY,
        state="RECEIVED",
        decision="yes",
        actor="ada",
        at=_AT,
        promptDigest=_DIGEST,
        payloadHash=_DIGEST,
        interactionId="hi_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2",
    )

    workflow_id: str = Field(alias="workflowID")
    gate_key: str
    state: State
    decision: str | None
    actor: str | None
    role: str | None = None
    at: int
    prompt_digest: str
    payload_hash: str | None
    interaction_id: str | None
    remaining: dict[str, int] | None = Field(default=None, description="Places that approvals have yet to fill.")


class ReplyOut(BaseModel):
    model_config = _shape()

    ok: Literal[True]
    is_replay: bool
    receipt: ReceiptOut


class OverriddenOut(BaseModel):
    model_config = _shape()

    ok: Literal[True]
    receipt: ReceiptOut


class PlanApprovedOut(BaseModel):
    model_config = _shape(accepted=True, runId="it_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2", approvedAt=_AT)

    accepted: Literal[True]
    run_id: str
    approved_at: int


class TakenOut(BaseModel):
    model_config = _shape(ok=True)

    ok: Literal[True]


class NeedOut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    any_of: list[str]
    count: int


class RequirementOut(BaseModel):
    model_config = _shape()

    needs: list[NeedOut]
    distinct_people: bool
    not_requester: bool
    justification: bool
    all_items: bool
    all_evidence: bool = Field(default=False, description="Only where it is set: no piece of evidence may be missing.")
    not_by: list[str] = Field(default=[], description="Only where there are any: who had a part in it and may not.")


class PromptOut(BaseModel):
    model_config = _shape()

    schema_version: Literal[1]
    title: str
    body: str | None = None
    form_schema: dict[str, Any]
    checklist: list[dict[str, Any]] | None = None
    choices: list[dict[str, str]]
    payload: Any = None
    evidence: list[dict[str, Any]] | None = None
    ttl_s: int
    created_at: int
    deadline_at: int
    digest: str
    ui_hints: dict[str, Any] | None = None
    defaults: dict[str, Any] | None = None


class ResultOut(BaseModel):
    model_config = _shape()

    schema_version: Literal[1]
    state: State
    payload: dict[str, Any] | None = None
    payload_hash: str | None = None
    at: int


class DecisionOut(BaseModel):
    model_config = _shape()

    schema_version: Literal[1]
    decision: str
    payload: dict[str, Any] | None = None
    at: int


class GateOut(BaseModel):
    model_config = _shape()

    workflow_id: str = Field(alias="workflowID")
    gate_key: str
    topic: str
    state: State
    prompt: PromptOut
    result: ResultOut | None
    decision: DecisionOut | None
    origin: str | None
    payload_hash: str | None
    created_at: int
    deadline_at: int
    escalation_level: int
    requirement: RequirementOut
    requested_by: str | None
    risk_level: str | None
    receipt: ReceiptOut | None = None


class OpenedGateOut(GateOut):
    is_replay: bool = Field(description="It had been opened before with the same content.")


class InboxGateOut(GateOut):
    sla_status: Literal["NORMAL", "WARNING", "CRITICAL"]


class GatePageOut(BaseModel):
    model_config = _shape()

    items: list[InboxGateOut]
    next_cursor: str | None


class NewestGatePageOut(BaseModel):
    model_config = _shape()

    items: list[GateOut]
    next_cursor: str | None


class InteractionOut(BaseModel):
    model_config = _shape()

    id: str
    workflow_id: str = Field(alias="workflowID")
    run_id: str | None
    gate_key: str
    topic: str
    dedupe_key: str
    payload: dict[str, Any]
    payload_hash: str
    origin: str
    actor: str
    role: str | None
    choice: str
    created_at: int


class InteractionPageOut(BaseModel):
    model_config = _shape()

    items: list[InteractionOut]
    next_cursor: str | None


class StepOut(BaseModel):
    model_config = _shape()

    run_id: str
    step_id: str
    attempt: int
    phase: str
    output: dict[str, Any]
    started_at: int
    finished_at: int | None


class ArtifactOut(BaseModel):
    model_config = _shape()

    run_id: str
    step_id: str
    task_key: str
    attempt: int
    idx: int
    kind: str
    uri: str | None
    inline: str | None
    sha256: str
    created_at: int


class EntryOut(BaseModel):
    model_config = _shape()

    seq: int
    workflow_id: str
    n: int
    gate_key: str | None
    at: int
    actor: str
    event: str
    body: dict[str, Any] | str
    prev_hash: str
    hash: str


class EntryPageOut(BaseModel):
    model_config = _shape()

    items: list[EntryOut]
    next_cursor: str | None


class HeadOut(BaseModel):
    model_config = _shape(
        treeSize=7, root=_DIGEST, signedAt=_AT, keyId=f"ed25519:{_DIGEST}", signature="<base64 of 64 bytes>"
    )

    tree_size: int
    root: str
    signed_at: int
    key_id: str
    signature: str


class ReasonOut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: str = Field(description="A rule, a trigger that the task named, or `unknown-operation`, `unknown-severity`.")
    because: str


class RungOut(BaseModel):
    model_config = _shape()

    ttl_s: int = Field(description="Seconds from this escalation to the next deadline.")
    add_roles: list[str]


class ScheduleOut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    timezone: str
    days: list[str]
    hours: str


class AssessmentOut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    risk_level: Literal["low", "medium", "high", "critical"]
    risk_score: Annotated[int, Field(ge=0, le=10, description="0..2 low, 3..5 medium, 6..8 high, 9..10 critical.")]
    reasons: list[ReasonOut] = Field(description="Every rule that fired.")
    requirement: RequirementOut | None = Field(description="Null where nobody is asked.")
    auto_approve: bool
    notify: bool
    approvers: list[str]
    ttl_s: int | None = Field(description="Seconds until the first deadline.")
    timeout_s: int | None = Field(description="Seconds until the end, escalations and all.")
    on_timeout: Literal["reject", "approve"] | None
    ladder: list[RungOut] = Field(description="What the gate climbs between the two.")
    schedule: ScheduleOut | None = Field(description="When the clock of the gate goes; always, where null.")
