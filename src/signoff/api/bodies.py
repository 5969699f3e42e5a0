"""What comes in: shapes only. What a value may be is checked by the gates, the plans and the use cases.

Types are strict and unknown properties are refused, since a misspelled one would otherwise be an instruction not kept.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

from signoff.api.parameters import EXAMPLE_GATE_KEY, EXAMPLE_WORKFLOW_ID
from signoff.app.start_run import WORKLOAD_BOUNDS
from signoff.gates.digest import is_digest
from signoff.gates.keys import (
    GATE_KEY_PATTERN,
    PARENT_QUEUE,
    TOPIC_PATTERN,
    WORKFLOW_ID_PATTERN,
    check_gate_key,
    check_topic,
    check_workflow_id,
    topic_of,
)
from signoff.gates.prompt import EFFECTS, FIELD_TYPES
from signoff.gates.reply import DEDUPE_CHARS_MAX, ORIGINS
from signoff.plans.recipe import RECIPE

ID_CHARS_MAX = 200
DIGEST_PATTERN = "^[0-9a-f]{64}$"


def _digest(text: str) -> str:
    if not is_digest(text):
        raise ValueError("must be 64 lower-case hex digits")
    return text


WorkflowId = Annotated[
    str, AfterValidator(check_workflow_id), WithJsonSchema({"type": "string", "pattern": WORKFLOW_ID_PATTERN})
]
GateKey = Annotated[
    str, AfterValidator(check_gate_key), WithJsonSchema({"type": "string", "pattern": GATE_KEY_PATTERN})
]
Topic = Annotated[str, AfterValidator(check_topic), WithJsonSchema({"type": "string", "pattern": TOPIC_PATTERN})]
Digest = Annotated[str, AfterValidator(_digest), WithJsonSchema({"type": "string", "pattern": DIGEST_PATTERN})]
Origin = Annotated[str, WithJsonSchema({"type": "string", "enum": list(ORIGINS)})]
DedupeKey = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": DEDUPE_CHARS_MAX})]
Payload = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "choice": {"type": "string", "description": "The key of one of the gate's choices."},
                "rationale": {"type": "string"},
                "conditions": {"type": "array", "items": {"type": "string"}},
                "checklist": {"type": "object", "additionalProperties": {"type": "boolean"}},
            },
            "description": "The answer, and the fields of the gate's form. `approved: true|false` and `decision` are "
            "taken for the choice, `reason`, `note` and `notes` for the rationale.",
        }
    ),
]


def _shape(**example: Any) -> ConfigDict:
    examples: JsonDict | None = {"examples": [example]} if example else None
    return ConfigDict(extra="forbid", strict=True, alias_generator=to_camel, json_schema_extra=examples)


class IntentIn(BaseModel):
    model_config = _shape(goal="spec08 gate demo", inputs={}, constraints={"planApprovalTimeoutS": 3600})

    goal: str
    inputs: dict[str, Any] = Field(default_factory=dict)
    constraints: dict[str, Any] = Field(
        default_factory=dict, description="`planApprovalTimeoutS`, `askUser`, `parallelApprovals`."
    )


Workload = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                name: {"type": "integer", "minimum": 1, "maximum": most} for name, most in WORKLOAD_BOUNDS.items()
            },
            "additionalProperties": False,
        }
    ),
]


class RunIn(BaseModel):
    model_config = _shape(
        intentId="it_01KAJ2V3Q4R5S6T7V8W9X0Y1Z2",
        queueName=PARENT_QUEUE,
        queuePartitionKey="tenant-008",
        recipeName=RECIPE,
        workload={"concurrency": 1, "steps": 1, "sandboxMinutes": 1},
    )

    intent_id: str = Field(max_length=ID_CHARS_MAX)
    queue_name: str = Field(default=PARENT_QUEUE, max_length=ID_CHARS_MAX)
    queue_partition_key: str | None = None
    recipe_name: str = Field(default=RECIPE, max_length=ID_CHARS_MAX)
    workload: Workload | None = None


class CancelIn(BaseModel):
    model_config = _shape(reason="no longer needed")

    reason: str | None = None


class RetryIn(BaseModel):
    model_config = _shape()


class ReplyIn(BaseModel):
    model_config = _shape(payload={"choice": "yes", "rationale": "read and understood"}, dedupeKey="ada-1")

    payload: Payload
    dedupe_key: DedupeKey
    origin: Origin = "manual"
    prompt_digest: Digest | None = Field(default=None, description="The digest of what was seen: another is refused.")


class CloseIn(BaseModel):
    model_config = _shape(reason="The release was called off")

    reason: str
    interaction_id: str | None = Field(
        default=None, description="The answer that decided the gate and was taken up; without it the gate is withdrawn."
    )


class OverrideIn(BaseModel):
    model_config = _shape(reason="The pager is on fire")

    reason: str
    fields: Payload | None = Field(default=None, description="What the gate's form asks for.")
    prompt_digest: Digest | None = Field(default=None, description="The digest of what was seen: another is refused.")


class ApprovePlanIn(BaseModel):
    model_config = _shape(approvedBy="ada", notes="fine")

    approved_by: str
    notes: str | None = None


class EventIn(BaseModel):
    model_config = _shape(
        workflowId=EXAMPLE_WORKFLOW_ID,
        gateKey=EXAMPLE_GATE_KEY,
        topic=topic_of(EXAMPLE_GATE_KEY),
        payload={"choice": "yes", "rationale": "webhook"},
        dedupeKey="evt-1",
        origin="webhook-ci",
    )

    workflow_id: WorkflowId
    gate_key: GateKey
    topic: Topic
    payload: Payload
    dedupe_key: DedupeKey
    origin: Origin


class ChoiceIn(BaseModel):
    model_config = _shape()

    key: str
    label: str
    effect: Annotated[str, WithJsonSchema({"type": "string", "enum": list(EFFECTS)})]


class FormFieldIn(BaseModel):
    model_config = _shape()

    k: str = Field(description="The field's name in the reply.")
    t: Annotated[str, WithJsonSchema({"type": "string", "enum": list(FIELD_TYPES)})]
    vs: list[str] | None = Field(default=None, description="The values of an enum.")
    opt: bool = Field(default=False, description="An approval may leave it out.")
    title: str | None = None


class FormSchemaIn(BaseModel):
    model_config = _shape()

    v: Annotated[int, WithJsonSchema({"type": "integer", "const": 1})]
    title: str
    fields: list[FormFieldIn]


class ItemIn(BaseModel):
    model_config = _shape()

    id: str
    text: str
    checked: bool


class CategoryIn(BaseModel):
    model_config = _shape()

    category: str
    items: list[ItemIn]


class EvidenceIn(BaseModel):
    model_config = _shape()

    title: str
    uri: str
    sha256: str | None = None


class PromptIn(BaseModel):
    model_config = _shape(title="Deploy 4.2 to production?", body="The canary has been fine for an hour.")

    title: str
    body: str | None = Field(default=None, description="Markdown.")
    form_schema: FormSchemaIn | None = None
    checklist: list[CategoryIn] | None = None
    choices: list[ChoiceIn] | None = Field(default=None, description="Without any: yes and no.")
    evidence: list[EvidenceIn] | None = None
    ui_hints: dict[str, Any] | None = None
    defaults: dict[str, Any] | None = None


Requirement = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "needs": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "properties": {
                            "any_of": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
                            "count": {"type": "integer", "minimum": 1, "maximum": 50},
                        },
                        "required": ["any_of", "count"],
                        "additionalProperties": False,
                    },
                },
                **{
                    name: {"type": "boolean"}
                    for name in ("distinctPeople", "notRequester", "justification", "allItems")
                },
                "notBy": {"type": "array", "maxItems": 200, "items": {"type": "string", "minLength": 1}},
            },
            "additionalProperties": False,
        }
    ),
]


TaskBody = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "operation": {"type": "string", "description": "One that the policy knows; any other is never low."},
                "environment": {"type": "string"},
                "resource_type": {"type": "string"},
                "description": {"type": "string"},
                "estimated_cost": {"type": "number", "minimum": 0},
                "security_findings": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"severity": {"type": "string"}},
                        "required": ["severity"],
                    },
                },
                "data_sensitive": {"type": "boolean"},
                "target_branch": {"type": "string"},
                "changes_permissions": {"type": "boolean"},
                "trigger": {"type": "string", "description": "One of the policy's, named outright."},
            },
            "description": "The task. All members may be left out; others are for the policy's own rules.",
            "examples": [{"operation": "deploy", "environment": "production", "estimated_cost": 40}],
        }
    ),
]


class OnDecisionIn(BaseModel):
    model_config = _shape(kind="none")

    kind: Literal["none", "message", "callback"]
    url: str | None = None
    topic: Topic | None = None


class GateIn(BaseModel):
    model_config = _shape(
        workflowId=EXAMPLE_WORKFLOW_ID,
        gateKey=EXAMPLE_GATE_KEY,
        prompt={"title": "Deploy 4.2 to production?"},
        ttlS=3600,
        requestedBy="ci",
        riskLevel="high",
    )

    workflow_id: WorkflowId
    gate_key: GateKey
    prompt: PromptIn
    payload: Any = Field(default=None, description="What an approval lets happen.")
    requirement: Requirement | None = Field(default=None, description="Without any: anyone, once.")
    ttl_s: int
    requested_by: str | None = None
    risk_level: str | None = None
    on_decision: OnDecisionIn | None = None

    def draft(self) -> dict[str, Any]:
        """The prompt as it was sent, without what was left out."""
        return self.prompt.model_dump(by_alias=True, exclude_unset=True)
