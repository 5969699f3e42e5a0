"""Every error code that the API answers with, its status and what it means; the reference is made from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    status: int
    sentence: str


CODES: Mapping[str, Code] = {
    "bad-choice": Code(400, "The answer is none of the gate's choices, or says two things."),
    "bad-gate-key": Code(400, "The gate key does not have the form of one."),
    "bad-origin": Code(400, "The origin is not one of those known."),
    "bad-stream-key": Code(400, "The stream key does not have the form of one."),
    "bad-topic": Code(400, "The topic does not have the form of one."),
    "bad-workflow-id": Code(400, "The workflow id does not have the form of one."),
    "callback-not-allowed": Code(400, "The callback's URL is not one that may be called."),
    "evidence-missing": Code(400, "The gate cannot be approved while a piece of its evidence is missing."),
    "host-refused": Code(400, "The Host header names another host than this server."),
    "invalid-actor": Code(400, "The actor's name is blank, too long or not printable."),
    "invalid-body": Code(400, "The body does not have the shape that the route takes."),
    "invalid-constraints": Code(400, "A constraint is unknown or out of bounds."),
    "invalid-cursor": Code(400, "The cursor was not handed out here."),
    "invalid-goal": Code(400, "The goal is blank or too long."),
    "invalid-name": Code(400, "requestedBy is blank or too long."),
    "invalid-on-decision": Code(400, "onDecision is not understood."),
    "invalid-prompt": Code(400, "The prompt is not one that people can be shown."),
    "invalid-query": Code(400, "A query parameter is not understood or out of bounds."),
    "invalid-reason": Code(400, "The reason is too long."),
    "invalid-reply": Code(400, "The reply is not understood."),
    "invalid-requirement": Code(400, "The requirement is not understood."),
    "invalid-risk-level": Code(400, "The risk level is not one of those known."),
    "invalid-task": Code(400, "A member of the task is of another type, negative, disguised, or an unknown trigger."),
    "invalid-ttl": Code(400, "The time to live is out of bounds."),
    "invalid-workload": Code(400, "A member of the workload is unknown or out of bounds."),
    "items-required": Code(400, "The gate can be approved only with every item ticked."),
    "justification-required": Code(400, "The gate asks for a rationale."),
    "malformed-json": Code(400, "The body is not JSON that can be taken."),
    "not-canonical": Code(400, "A value has no canonical JSON form."),
    "queue_policy_violation": Code(400, "The queue is not intentQ, or the partition key is missing."),
    "reserved-workflow-id": Code(400, "The workflow id is one under which signoff itself keeps records."),
    "unknown-recipe": Code(400, "There is no such recipe."),
    "bad-signature": Code(401, "The event is not signed as it has to be."),
    "not-signed-in": Code(401, "The call needs a token that is valid."),
    "not-entitled": Code(403, "The actor holds none of the roles that may answer."),
    "not-you": Code(403, "The token is that of somebody else than the actor named."),
    "origin-refused": Code(403, "The request was made by a page of another site."),
    "requester-may-not-approve": Code(403, "Who asked for it may not approve it."),
    "gate-not-found": Code(404, "There is no such gate."),
    "head-not-found": Code(404, "No head has been signed yet."),
    "intent-not-found": Code(404, "There is no such intent."),
    "interaction-not-found": Code(404, "No such answer has decided the gate."),
    "no-such-route": Code(404, "There is no such route."),
    "run-not-found": Code(404, "There is no such run."),
    "stream-not-found": Code(404, "A run has no such stream."),
    "workflow-not-found": Code(404, "There is no such workflow."),
    "method-not-allowed": Code(405, "The route does not take this method."),
    "dedupe-conflict": Code(409, "The dedupe key came before with another payload."),
    "gate-cancelled": Code(409, "The gate was cancelled before it was answered."),
    "gate-decided": Code(409, "Somebody else has decided the gate."),
    "gate-exists": Code(409, "The gate exists and asks something else."),
    "gate-timed-out": Code(409, "The gate's deadline passed without a decision."),
    "prompt-changed": Code(409, "What the gate asks is not what was answered."),
    "run-finished": Code(409, "The run has ended before."),
    "run-has-own-gates": Code(409, "The workflow is a run that opens its gates itself."),
    "run-not-retryable": Code(409, "Only a run that failed can be retried."),
    "topic-mismatch": Code(409, "The topic is not that of the gate."),
    "body-too-large": Code(413, "The body is larger than 1 MiB."),
    "unsupported-media-type": Code(415, "The body must be application/json."),
    "internal-error": Code(500, "This is a defect of the server; its log says more."),
    "ledger-unavailable": Code(503, "The ledger cannot be used at the moment; nothing was written."),
    "outcome-unknown": Code(
        503, "The ledger was lost while this was written: it may be written or not. Send the same again."
    ),
}

#: What any request may be refused for, what any but those that need no token, and what any that writes besides.
ALWAYS = ("host-refused", "ledger-unavailable")
READING = (*ALWAYS, "not-signed-in")
WRITING = (
    *READING,
    "outcome-unknown",
    "origin-refused",
    "not-you",
    "invalid-actor",
    "malformed-json",
    "invalid-body",
    "unsupported-media-type",
    "body-too-large",
)
OF_A_RUN = ("bad-workflow-id", "run-not-found")
OF_A_GATE = ("bad-gate-key", *OF_A_RUN, "gate-not-found")
OF_A_CLOSE = (
    *WRITING,
    *OF_A_GATE,
    "interaction-not-found",
    "invalid-reason",
    "not-canonical",
    "gate-decided",
    "run-has-own-gates",
)
OF_A_REPLY = (
    *WRITING,
    *OF_A_GATE,
    "bad-choice",
    "bad-origin",
    "invalid-reply",
    "not-canonical",
    "justification-required",
    "items-required",
    "evidence-missing",
    "not-entitled",
    "requester-may-not-approve",
    "gate-decided",
    "gate-timed-out",
    "gate-cancelled",
    "dedupe-conflict",
    "prompt-changed",
)
OF_AN_OVERRIDE = tuple(
    code
    for code in OF_A_REPLY
    if code not in ("bad-origin", "dedupe-conflict", "items-required", "evidence-missing", "requester-may-not-approve")
)
