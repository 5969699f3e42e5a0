"""Gates: the inbox, opening one, waiting for one, answering one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from signoff.api.answers import (
    GateOut,
    GatePageOut,
    NewestGatePageOut,
    OpenedGateOut,
    OverriddenOut,
    ReplyOut,
    TakenOut,
)
from signoff.api.bodies import CloseIn, EventIn, GateIn, OverrideIn, ReplyIn
from signoff.api.changes import RECHECK_S
from signoff.api.codes import OF_A_CLOSE, OF_A_GATE, OF_A_REPLY, OF_A_RUN, OF_AN_OVERRIDE, READING, WRITING
from signoff.api.intake import StrictRoute, TheActor, TheToken
from signoff.api.openapi import refusals
from signoff.api.parameters import (
    Cursor,
    GateKeyInPath,
    GateState,
    PageLimit,
    RiskLevel,
    Role,
    TimeoutS,
    WorkflowIdInPath,
)
from signoff.api.surface import Surface, TheSurface, TheWorld
from signoff.api.workflow_shapes import GateStatsOut
from signoff.app.close_gate import close_gate
from signoff.app.find import find_gate, find_gates, find_gates_of, find_newest_gates
from signoff.app.gate_stats import gate_stats
from signoff.app.open_gate import OnDecision, open_gate
from signoff.app.override_gate import override_gate
from signoff.app.page import PAGE_DEFAULT
from signoff.app.reply import reply
from signoff.app.sign_in import sign_in
from signoff.app.views import gate_view, inbox_view, page_view
from signoff.gates import requirement as requirements
from signoff.gates.gate import Gate, State

router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["gates"])


@router.get(
    "/gates",
    operation_id="listGates",
    summary="The inbox: gates, soonest deadline first",
    responses={200: {"model": GatePageOut}, **refusals(*READING, "invalid-query", "invalid-cursor")},
    response_model=None,
)
def get_gates(
    world: TheWorld,
    state: GateState = State.PENDING.value,
    role: Role = None,
    risk: RiskLevel = None,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> JSONResponse:
    page = find_gates(world, state=state, role=role, risk=risk, limit=limit, cursor=cursor)
    now = world.clock()
    return JSONResponse(page_view([inbox_view(gate, now) for gate in page.items], page.next_cursor))


@router.get(
    "/gates/newest",
    operation_id="listNewestGates",
    summary="Gates in every state, last opened first: for reports",
    responses={200: {"model": NewestGatePageOut}, **refusals(*READING, "invalid-query", "invalid-cursor")},
    response_model=None,
)
def get_newest_gates(world: TheWorld, limit: PageLimit = PAGE_DEFAULT, cursor: Cursor = None) -> JSONResponse:
    page = find_newest_gates(world, limit=limit, cursor=cursor)
    return JSONResponse(page_view([gate_view(gate) for gate in page.items], page.next_cursor))


@router.get(
    "/gates/stats",
    operation_id="getGateStats",
    summary="How many gates there are, what became of them, and how long people took",
    responses={200: {"model": GateStatsOut}, **refusals(*READING, "invalid-query")},
    response_model=None,
)
def get_gate_stats(world: TheWorld) -> JSONResponse:
    return JSONResponse(gate_stats(world))


@router.post(
    "/gates",
    operation_id="openGate",
    summary="Open a gate for somebody else's workflow, or find the same one again",
    status_code=201,
    responses={
        200: {"model": OpenedGateOut, "description": "It had been opened before with the same content."},
        201: {"model": OpenedGateOut},
        **refusals(
            *WRITING,
            "bad-gate-key",
            "bad-workflow-id",
            "bad-topic",
            "invalid-prompt",
            "invalid-requirement",
            "invalid-ttl",
            "invalid-name",
            "invalid-risk-level",
            "invalid-on-decision",
            "callback-not-allowed",
            "not-canonical",
            "gate-exists",
            "run-has-own-gates",
            "reserved-workflow-id",
        ),
    },
    response_model=None,
)
def post_gate(world: TheWorld, actor: TheActor, body: GateIn) -> JSONResponse:
    on_decision = body.on_decision
    gate, is_replay = open_gate(
        world,
        workflow_id=body.workflow_id,
        gate_key=body.gate_key,
        prompt=body.draft(),
        ttl_s=body.ttl_s,
        actor=actor.name,
        payload=body.payload,
        requirement=requirements.from_wire(body.requirement or {}),
        requested_by=body.requested_by,
        risk_level=body.risk_level,
        on_decision=None if on_decision is None else OnDecision(on_decision.kind, on_decision.url, on_decision.topic),
    )
    return JSONResponse({**gate_view(gate), "isReplay": is_replay}, status_code=200 if is_replay else 201)


@router.get(
    "/runs/{workflowId}/gates",
    operation_id="listGatesOfRun",
    summary="The gates of a run or workflow, in opening order",
    responses={200: {"model": list[GateOut]}, **refusals(*READING, *OF_A_RUN, "invalid-query")},
    response_model=None,
)
def get_gates_of_run(world: TheWorld, workflow_id: WorkflowIdInPath) -> JSONResponse:
    return JSONResponse([gate_view(gate) for gate in find_gates_of(world, workflow_id)])


@router.get(
    "/runs/{workflowId}/gates/{gateKey}",
    operation_id="getGate",
    summary="A gate; with timeoutS as soon as it is decided, or when the time is over",
    responses={200: {"model": GateOut}, **refusals(*READING, *OF_A_GATE, "invalid-query")},
    response_model=None,
)
def get_gate(
    request: Request,
    surface: TheSurface,
    token: TheToken,
    workflow_id: WorkflowIdInPath,
    gate_key: GateKeyInPath,
    timeout_s: TimeoutS = None,
) -> JSONResponse | Awaitable[JSONResponse]:
    def see() -> Gate:
        # Who was signed in when the waiting began may be so no longer.
        sign_in(surface.world, token=token)
        return find_gate(surface.world, workflow_id, gate_key)

    gate = find_gate(surface.world, workflow_id, gate_key)
    if gate.is_final or not timeout_s:
        return JSONResponse(gate_view(gate))
    return _wait_until_final(request, surface, workflow_id, see, timeout_s)


@router.post(
    "/runs/{workflowId}/gates/{gateKey}/reply",
    operation_id="reply",
    summary="Answer a gate",
    responses={200: {"model": ReplyOut}, **refusals(*OF_A_REPLY)},
    response_model=None,
)
def post_reply(
    world: TheWorld, actor: TheActor, workflow_id: WorkflowIdInPath, gate_key: GateKeyInPath, body: ReplyIn
) -> JSONResponse:
    answered = reply(
        world,
        workflow_id=workflow_id,
        gate_key=gate_key,
        payload=body.payload,
        dedupe_key=body.dedupe_key,
        actor=actor,
        origin=body.origin,
        prompt_digest=body.prompt_digest,
    )
    return JSONResponse({"ok": True, "isReplay": answered.is_replay, "receipt": answered.receipt.to_wire()})


@router.post(
    "/runs/{workflowId}/gates/{gateKey}/close",
    operation_id="closeGate",
    summary="Withdraw a gate that nobody needs answered any more, or say that its decision was taken up",
    responses={200: {"model": GateOut}, **refusals(*OF_A_CLOSE)},
    response_model=None,
)
def post_close(
    world: TheWorld, actor: TheActor, workflow_id: WorkflowIdInPath, gate_key: GateKeyInPath, body: CloseIn
) -> JSONResponse:
    gate = close_gate(
        world,
        workflow_id=workflow_id,
        gate_key=gate_key,
        actor=actor.name,
        reason=body.reason,
        interaction_id=body.interaction_id,
    )
    return JSONResponse(gate_view(gate))


@router.post(
    "/runs/{workflowId}/gates/{gateKey}/override",
    operation_id="override",
    summary="Go past a gate, in the role for it, with a reason; everybody is told",
    responses={200: {"model": OverriddenOut}, **refusals(*OF_AN_OVERRIDE)},
    response_model=None,
)
def post_override(
    world: TheWorld, actor: TheActor, workflow_id: WorkflowIdInPath, gate_key: GateKeyInPath, body: OverrideIn
) -> JSONResponse:
    receipt = override_gate(
        world,
        workflow_id=workflow_id,
        gate_key=gate_key,
        actor=actor,
        reason=body.reason,
        fields=body.fields,
        prompt_digest=body.prompt_digest,
    )
    return JSONResponse({"ok": True, "receipt": receipt.to_wire()})


@router.post(
    "/events/hitl",
    operation_id="receiveEvent",
    summary="Answer a gate from another system: signed, where the server has a secret for that",
    responses={200: {"model": TakenOut}, **refusals(*OF_A_REPLY, "bad-topic", "topic-mismatch", "bad-signature")},
    response_model=None,
)
def post_event(world: TheWorld, actor: TheActor, body: EventIn) -> JSONResponse:
    reply(
        world,
        workflow_id=body.workflow_id,
        gate_key=body.gate_key,
        payload=body.payload,
        dedupe_key=body.dedupe_key,
        actor=actor,
        origin=body.origin,
        topic=body.topic,
    )
    return JSONResponse({"ok": True})


async def _wait_until_final(
    request: Request, surface: Surface, workflow_id: str, see: Callable[[], Gate], timeout_s: int
) -> JSONResponse:
    ends_at = anyio.current_time() + timeout_s
    with surface.changes.listen(workflow_id) as listener:
        while True:
            gate = await surface.changes.look(see)
            left_s = ends_at - anyio.current_time()
            is_over = gate.is_final or left_s <= 0 or surface.changes.is_ending
            if is_over or await request.is_disconnected():
                return JSONResponse(gate_view(gate))
            await listener.wait(min(left_s, RECHECK_S))
