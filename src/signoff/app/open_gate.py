"""Open a gate: for somebody else's workflow, or at a node of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from signoff.app.callback_url import check_callback_url
from signoff.app.world import World
from signoff.errors import ConflictError, InvalidInputError
from signoff.gates import requirement as requirements
from signoff.gates.deadline import Ladder
from signoff.gates.digest import check_storable
from signoff.gates.gate import RISK_LEVELS, Gate
from signoff.gates.keys import check_gate_key, check_topic, check_workflow_id, topic_of
from signoff.gates.prompt import Prompt, build_prompt
from signoff.gates.requirement import ANYONE_ONCE, NAME_CHARS_MAX, Requirement

if TYPE_CHECKING:
    from signoff.app.ports import Writer


@dataclass(frozen=True)
class OnDecision:
    """What a decision sets going in somebody else's program: nothing, a message to the engine's workflow of this id,
    or a signed call of a URL."""

    kind: str = "none"
    url: str | None = None
    topic: str | None = None


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
) -> tuple[Gate, bool]:
    """The gate, and whether it was there before with the same content.

    Raises:
        InvalidInputError: nothing is written. ConflictError: (`gate-exists`) it is there with other content, or
        (`run-has-own-gates`) the workflow is one of signoff's own runs.
    """
    check_workflow_id(workflow_id)
    check_gate_key(gate_key)
    _check_names(requested_by, risk_level)
    draft = dict(prompt) if payload is None else {**prompt, "payload": payload}
    now = world.clock()
    gate = make_gate(
        workflow_id=workflow_id,
        gate_key=gate_key,
        run_id=None,
        prompt=build_prompt(draft, requirement=requirement, ttl_s=ttl_s, now=now),
        requirement=requirement,
        # A rule against the requester needs one: without a name it is whoever opens the gate.
        requested_by=requested_by or (actor if requirement.not_requester else None),
        risk_level=risk_level,
        on_decision=_on_decision(world, on_decision or OnDecision(), gate_key),
    )
    with world.ledger.write(workflow_id, "open_gate") as tx:
        if tx.run(workflow_id) is not None:
            raise ConflictError(
                f"{workflow_id} is a run of signoff's own, which opens its gates itself.", code="run-has-own-gates"
            )
        found = tx.gate(workflow_id, gate_key)
        if found is not None:
            _check_same(found, gate)
            return found, True
        record_gate(tx, gate, actor=actor)
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
        requested_by=requested_by,
        risk_level=risk_level,
        on_decision=on_decision,
    )


def record_gate(tx: Writer, gate: Gate, *, actor: str) -> None:
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


def _on_decision(world: World, wanted: OnDecision, gate_key: str) -> dict[str, Any]:
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
        case _:
            raise _invalid(f"its kind is one of none, message, callback, not {wanted.kind!r}")


def _callback(world: World, wanted: OnDecision) -> str:
    return check_callback_url(wanted.url, allow=world.callbacks_allow, is_open=world.is_open)


def _refuse_extra(wanted: OnDecision, *, url: bool = False, topic: bool = False) -> None:
    if (url and wanted.url is not None) or (topic and wanted.topic is not None):
        raise _invalid(f"the kind {wanted.kind!r} takes no {'url' if url and wanted.url is not None else 'topic'}")


def _check_names(requested_by: str | None, risk_level: str | None) -> None:
    check_storable(requested_by)
    if requested_by is not None and not (requested_by.strip() and len(requested_by) <= NAME_CHARS_MAX):
        raise InvalidInputError(f"requestedBy is a name of 1 to {NAME_CHARS_MAX} characters.", code="invalid-name")
    if risk_level is not None and risk_level not in RISK_LEVELS:
        raise InvalidInputError(f"riskLevel is one of {', '.join(RISK_LEVELS)}.", code="invalid-risk-level")


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
    return gate.prompt.digest, gate.requested_by, gate.risk_level, gate.on_decision


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"This onDecision cannot be taken: {why}.", code="invalid-on-decision")
