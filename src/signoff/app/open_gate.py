"""Open a gate: for somebody else's workflow, or at a node of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from signoff.app.gate_clock import after_of
from signoff.app.notify_gate import OPENED, notify_gate
from signoff.app.sign_in import is_open
from signoff.app.spans import use_case
from signoff.app.widen_gate import widen_gate
from signoff.app.world import World
from signoff.errors import ConflictError, InvalidInputError
from signoff.gates import requirement as requirements
from signoff.gates.deadline import After, Ladder, deadline_after, end_of
from signoff.gates.digest import check_storable
from signoff.gates.gate import RISK_LEVELS, Gate
from signoff.gates.keys import check_gate_key, check_topic, check_workflow_id, topic_of
from signoff.gates.name import NAME_CHARS_MAX
from signoff.gates.principal import IDENTITY
from signoff.gates.prompt import Prompt, build_prompt
from signoff.gates.requirement import ANYONE_ONCE, Requirement
from signoff.gates.terms import PLAIN, Terms

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer


@dataclass(frozen=True)
class OnDecision:
    """What a decision sets going in somebody else's program: nothing, a message to the engine's workflow of this id,
    a signed call of a URL, or (`resume`) the thread of a graph that stopped at this checkpoint."""

    kind: str = "none"
    url: str | None = None
    topic: str | None = None
    thread_id: str | None = None
    checkpoint_id: str | None = None


@use_case
def open_gate(
    world: World,
    *,
    workflow_id: str,
    gate_key: str,
    prompt: Mapping[str, Any],
    ttl_s: int,
    actor: str,
    payload: Any = None,
    requirement: Requirement = ANYONE_ONCE,
    requested_by: str | None = None,
    risk_level: str | None = None,
    on_decision: OnDecision | None = None,
    ladder: Ladder = (),
    terms: Terms = PLAIN,
    automatic: str | None = None,
) -> tuple[Gate, bool]:
    """The gate, and whether it was there before with the same content.

    `ladder` and `terms` are those of a policy; `automatic` is the name of one that approves it at once.

    Raises:
        InvalidInputError: nothing is written. ConflictError: (`gate-exists`) it is there with other content, or
        (`run-has-own-gates`) the workflow is one of signoff's own runs.
    """
    _check_workflow(workflow_id)
    check_gate_key(gate_key)
    _check_names(requested_by, risk_level)
    draft = dict(prompt) if payload is None else {**prompt, "payload": payload}
    now, after = world.clock(), after_of(world, terms)
    gate = make_gate(
        workflow_id=workflow_id,
        gate_key=gate_key,
        run_id=None,
        prompt=build_prompt(draft, requirement=requirement, ttl_s=ttl_s, now=now, after=after),
        requirement=requirement,
        # A rule against the requester needs one: without a name it is whoever opens the gate.
        requested_by=requested_by or (actor if requirement.not_requester else None),
        risk_level=risk_level,
        on_decision=_on_decision(world, on_decision or OnDecision(), gate_key),
        ladder=ladder,
        terms=terms,
        after=after,
    )
    _check_silence(gate)
    with world.ledger.write(workflow_id, "open_gate") as tx:
        run, found = tx.gate_to_open(workflow_id, gate_key)
        if run is not None:
            raise ConflictError(
                f"{workflow_id} is a run of signoff's own, which opens its gates itself.", code="run-has-own-gates"
            )
        if found is not None:
            _check_same(found, gate)
            return found, True
        gate = record_gate(tx, gate, actor=actor, is_automatic=automatic is not None, after=after)
        if automatic is not None:
            from signoff.app.decide_by_policy import decide_by_policy

            gate = decide_by_policy(world, tx, gate, policy=automatic, payload={"approved": True}, now=now)
        return gate, False


def make_gate(
    *,
    workflow_id: str,
    gate_key: str,
    run_id: str | None,
    prompt: Prompt,
    requirement: Requirement,
    requested_by: str | None,
    on_decision: Mapping[str, Any],
    risk_level: str | None = None,
    ladder: Ladder = (),
    terms: Terms = PLAIN,
    after: After = deadline_after,
) -> Gate:
    return Gate(
        workflow_id=workflow_id,
        gate_key=gate_key,
        run_id=run_id,
        topic=topic_of(gate_key),
        prompt=prompt,
        requirement=requirement,
        opened_at=prompt.wire["createdAt"],
        deadline_at=prompt.wire["deadlineAt"],
        ladder=ladder,
        terms=terms,
        ends_at=end_of(prompt.wire["deadlineAt"], ladder, 0, after),
        requested_by=requested_by,
        risk_level=risk_level,
        on_decision=on_decision,
    )


def record_gate(
    tx: Writer, gate: Gate, *, actor: str, is_automatic: bool = False, after: After = deadline_after
) -> Gate:
    """The gate as it is once it is open: one that nobody could let through has climbed its ladder already.

    `is_automatic`: a policy or an override is about to decide it, so that it needs nobody.
    """
    tx.insert_gate(gate)
    body = {
        "title": gate.prompt.title,
        "promptDigest": gate.prompt.digest,
        "requirement": requirements.to_wire(gate.requirement),
        "deadlineAt": gate.deadline_at,
        "requestedBy": gate.requested_by,
        "riskLevel": gate.risk_level,
        "state": gate.state.value,
    }
    tx.append_entry(at=gate.opened_at, actor=actor, event="gate.opened", body=body, gate_key=gate.gate_key)
    if is_automatic:
        return gate
    notify_gate(tx, gate, OPENED, now=gate.opened_at)
    return widen_gate(tx, gate, now=gate.opened_at, after=after)


def _on_decision(world: World, wanted: OnDecision, gate_key: str) -> dict[str, Any]:
    if (wanted.kind == "resume") != (wanted.thread_id is not None and wanted.checkpoint_id is not None):
        raise _invalid("a thread and its checkpoint go with the kind 'resume', which is for gates in a graph's nodes")
    match wanted.kind:
        case "none":
            _refuse_extra(wanted, url=True, topic=True)
            return {"kind": "none"}
        case "message":
            _refuse_extra(wanted, url=True)
            return {"kind": "message", "topic": check_topic(wanted.topic or topic_of(gate_key))}
        case "callback":
            _refuse_extra(wanted, topic=True)
            return {"kind": "callback", "url": _callback(world, wanted)}
        case "resume":
            _refuse_extra(wanted, url=True, topic=True)
            check_storable([wanted.thread_id, wanted.checkpoint_id])
            return {"kind": "resume", "threadId": wanted.thread_id, "checkpointId": wanted.checkpoint_id}
        case _:
            raise _invalid(f"its kind is one of none, message, callback, not {wanted.kind!r}")


def _callback(world: World, wanted: OnDecision) -> str:
    from signoff.app.callback_url import check_callback_url

    return check_callback_url(wanted.url, allow=world.callbacks_allow, is_open=is_open(world))


def _refuse_extra(wanted: OnDecision, *, url: bool = False, topic: bool = False) -> None:
    if (url and wanted.url is not None) or (topic and wanted.topic is not None):
        raise _invalid(f"the kind {wanted.kind!r} takes no {'url' if url and wanted.url is not None else 'topic'}")


def _check_workflow(workflow_id: str) -> None:
    if check_workflow_id(workflow_id) == IDENTITY:
        raise InvalidInputError(
            f"Under {IDENTITY!r} the record tells of principals and tokens; choose another workflow id.",
            code="reserved-workflow-id",
        )


def _check_names(requested_by: str | None, risk_level: str | None) -> None:
    check_storable(requested_by)
    if requested_by is not None and not (requested_by.strip() and len(requested_by) <= NAME_CHARS_MAX):
        raise InvalidInputError(f"requestedBy is a name of 1 to {NAME_CHARS_MAX} characters.", code="invalid-name")
    if risk_level is not None and risk_level not in RISK_LEVELS:
        raise InvalidInputError(f"riskLevel is one of {', '.join(RISK_LEVELS)}.", code="invalid-risk-level")


def _check_silence(gate: Gate) -> None:
    if gate.terms.approves_by_silence and any(not field.is_optional for field in gate.prompt.fields):
        raise InvalidInputError(
            "This prompt cannot be taken: its form asks for answers, and silence, which approves here, gives none.",
            code="invalid-prompt",
            details={"at": "formSchema.fields"},
        )


def _check_same(found: Gate, gate: Gate) -> None:
    """The digest covers prompt, payload, checklist and requirement; the rest is compared here."""
    if _content(found) == _content(gate):
        return
    receipt = found.receipt()
    raise ConflictError(
        f"Gate {gate.gate_key} of {gate.workflow_id} exists and asks something else.",
        code="gate-exists",
        details={"promptDigest": found.prompt.digest, "asked": gate.prompt.digest},
        receipt=None if receipt is None else receipt.to_wire(),
    )


def _content(gate: Gate) -> tuple[Any, ...]:
    return gate.prompt.digest, gate.requested_by, gate.risk_level, gate.on_decision, gate.ladder, gate.terms


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"This onDecision cannot be taken: {why}.", code="invalid-on-decision")
