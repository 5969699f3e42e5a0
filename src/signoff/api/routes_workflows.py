"""Workflows: somebody else's tasks, assessed and approved, by the id of the task's workflow alone."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from signoff.api.codes import READING, WRITING
from signoff.api.intake import StrictRoute, TheActor, TheToken
from signoff.api.openapi import refusals
from signoff.api.parameters import PageLimit, Role, WorkflowIdInPath
from signoff.api.surface import TheWorld
from signoff.api.workflow_shapes import (
    ApprovedWorkflowOut,
    ApproveWorkflowIn,
    PendingWorkflowsOut,
    RejectedWorkflowOut,
    RejectWorkflowIn,
    RequestedWorkflowOut,
    WorkflowIn,
    WorkflowOut,
)
from signoff.app.answer_workflow import approve_workflow, approved_view, reject_workflow, rejected_view
from signoff.app.find_workflows import find_pending_workflows, find_workflow, requested_view
from signoff.app.page import PAGE_DEFAULT
from signoff.app.request_workflow import request_workflow
from signoff.app.sign_in import sign_in
from signoff.app.world import World
from signoff.gates.name import check_actor_name
from signoff.gates.requirement import Actor

router = APIRouter(prefix="/workflows", route_class=StrictRoute, tags=["workflows"])

_OF_A_WORKFLOW = ("bad-workflow-id", "workflow-not-found")
_OF_AN_ANSWER = (
    *WRITING,
    *_OF_A_WORKFLOW,
    "invalid-reply",
    "justification-required",
    "not-entitled",
    "requester-may-not-approve",
    "gate-decided",
    "gate-timed-out",
    "gate-cancelled",
)


@router.post(
    "",
    operation_id="requestWorkflow",
    summary="Have a task assessed: let through at once, or put before people",
    status_code=201,
    responses={
        201: {"model": RequestedWorkflowOut},
        **refusals(*WRITING, "invalid-task", "invalid-name", "callback-not-allowed", "not-canonical"),
    },
    response_model=None,
)
def post_workflow(world: TheWorld, actor: TheActor, body: WorkflowIn) -> JSONResponse:
    requested = request_workflow(
        world, task=body.task, requested_by=body.requested_by, actor=actor.name, callback_url=body.callback_url
    )
    return JSONResponse(requested_view(requested), status_code=201)


@router.get(
    "/pending",
    operation_id="listPendingWorkflows",
    summary="What waits for an approval, critical first, then oldest",
    responses={200: {"model": PendingWorkflowsOut}, **refusals(*READING, "invalid-query")},
    response_model=None,
)
def get_pending(world: TheWorld, role: Role = None, limit: PageLimit = PAGE_DEFAULT) -> JSONResponse:
    return JSONResponse(find_pending_workflows(world, role=role, limit=limit))


@router.post(
    "/{workflowId}/approve",
    operation_id="approveWorkflow",
    summary="Approve a workflow",
    responses={200: {"model": ApprovedWorkflowOut}, **refusals(*_OF_AN_ANSWER)},
    response_model=None,
)
def post_approve(
    world: TheWorld,
    actor: TheActor,
    token: TheToken,
    workflow_id: WorkflowIdInPath,
    body: ApproveWorkflowIn | None = None,
) -> JSONResponse:
    said = body or ApproveWorkflowIn()
    approver = _who(world, actor, token, said.approved_by, "approve")
    answered = approve_workflow(world, workflow_id=workflow_id, actor=approver, justification=said.justification)
    return JSONResponse(approved_view(answered))


@router.post(
    "/{workflowId}/reject",
    operation_id="rejectWorkflow",
    summary="Reject a workflow",
    responses={200: {"model": RejectedWorkflowOut}, **refusals(*_OF_AN_ANSWER)},
    response_model=None,
)
def post_reject(
    world: TheWorld, actor: TheActor, token: TheToken, workflow_id: WorkflowIdInPath, body: RejectWorkflowIn
) -> JSONResponse:
    rejecter = _who(world, actor, token, body.rejected_by, "reject")
    return JSONResponse(
        rejected_view(reject_workflow(world, workflow_id=workflow_id, actor=rejecter, reason=body.reason))
    )


@router.get(
    "/{workflowId}/status",
    operation_id="getWorkflow",
    summary="Where a workflow stands: request, decisions, history, and what it waits for",
    responses={200: {"model": WorkflowOut}, **refusals(*READING, *_OF_A_WORKFLOW, "invalid-query")},
    response_model=None,
)
def get_status(world: TheWorld, workflow_id: WorkflowIdInPath) -> JSONResponse:
    return JSONResponse(find_workflow(world, workflow_id))


def _who(world: World, actor: Actor, token: str | None, named: str | None, doing: str) -> Actor:
    """Whom the body names, else who is signed in."""
    if named is None:
        return actor
    return sign_in(world, token=token, name=check_actor_name(named), doing=f"workflow {doing}")
