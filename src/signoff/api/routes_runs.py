"""Intents and the runs that do them."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from signoff.api.answers import (
    ArtifactOut,
    IntentOut,
    InteractionPageOut,
    PlanApprovedOut,
    RunOut,
    RunPageOut,
    StartedRunOut,
    StepOut,
)
from signoff.api.bodies import ApprovePlanIn, CancelIn, IntentIn, RetryIn, RunIn
from signoff.api.codes import OF_A_REPLY, OF_A_RUN, READING, WRITING
from signoff.api.intake import StrictRoute, TheActor, TheToken
from signoff.api.openapi import refusals
from signoff.api.parameters import Cursor, Door, PageLimit, RowLimit, RunStatus, Subject, WorkflowIdInPath
from signoff.api.surface import TheWorld
from signoff.app.approve_plan import approve_plan
from signoff.app.cancel_run import cancel_run
from signoff.app.create_intent import create_intent
from signoff.app.find import find_artifacts, find_interactions, find_run, find_runs, find_steps
from signoff.app.page import PAGE_DEFAULT
from signoff.app.retry_run import retry_run
from signoff.app.sign_in import sign_in
from signoff.app.start_run import start_run
from signoff.app.views import interaction_view, page_view, row_view, run_view
from signoff.gates.name import check_actor_name

router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["runs"])


@router.post(
    "/intents",
    operation_id="createIntent",
    summary="Say what is to be done",
    status_code=201,
    responses={
        201: {"model": IntentOut},
        **refusals(*WRITING, "invalid-goal", "invalid-constraints", "invalid-ttl", "not-canonical"),
    },
    response_model=None,
)
def post_intent(world: TheWorld, actor: TheActor, body: IntentIn) -> JSONResponse:
    intent_id = create_intent(world, goal=body.goal, inputs=body.inputs, constraints=body.constraints, actor=actor.name)
    return JSONResponse({"intentId": intent_id}, status_code=201)


@router.post(
    "/runs",
    operation_id="startRun",
    summary="Start the run of an intent, or find the one that was started",
    status_code=201,
    responses={
        200: {"model": StartedRunOut, "description": "It had been started before."},
        201: {"model": StartedRunOut},
        **refusals(*WRITING, "queue_policy_violation", "unknown-recipe", "invalid-workload", "intent-not-found"),
    },
    response_model=None,
)
def post_run(world: TheWorld, actor: TheActor, body: RunIn) -> JSONResponse:
    run, is_replay = start_run(
        world,
        intent_id=body.intent_id,
        actor=actor.name,
        queue_partition_key=body.queue_partition_key,
        queue_name=body.queue_name,
        recipe=body.recipe_name,
        workload=body.workload,
    )
    return JSONResponse({**run_view(run), "isReplay": is_replay}, status_code=200 if is_replay else 201)


@router.get(
    "/runs",
    operation_id="listRuns",
    summary="Runs, newest first",
    responses={200: {"model": RunPageOut}, **refusals(*READING, "invalid-query", "invalid-cursor")},
    response_model=None,
)
def get_runs(
    world: TheWorld,
    status: RunStatus = None,
    door: Door = None,
    subject: Subject = None,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> JSONResponse:
    page = find_runs(world, status=status, door=door, subject=subject, limit=limit, cursor=cursor)
    return JSONResponse(page_view([run_view(run) for run in page.items], page.next_cursor))


@router.get(
    "/runs/{workflowId}",
    operation_id="getRun",
    summary="A run",
    responses={200: {"model": RunOut}, **refusals(*READING, *OF_A_RUN, "invalid-query")},
    response_model=None,
)
def get_run(world: TheWorld, workflow_id: WorkflowIdInPath) -> JSONResponse:
    return JSONResponse(run_view(find_run(world, workflow_id)))


@router.post(
    "/runs/{workflowId}/cancel",
    operation_id="cancelRun",
    summary="Cancel a run and its open gates",
    status_code=202,
    responses={202: {"model": RunOut}, **refusals(*WRITING, *OF_A_RUN, "invalid-reason", "run-finished")},
    response_model=None,
)
def post_cancel(
    world: TheWorld, actor: TheActor, workflow_id: WorkflowIdInPath, body: CancelIn | None = None
) -> JSONResponse:
    reason = None if body is None else body.reason
    return JSONResponse(
        run_view(cancel_run(world, workflow_id=workflow_id, actor=actor.name, reason=reason)), status_code=202
    )


@router.post(
    "/runs/{workflowId}/retry",
    operation_id="retryRun",
    summary="Retry a run that failed",
    status_code=202,
    responses={202: {"model": RunOut}, **refusals(*WRITING, *OF_A_RUN, "run-not-retryable")},
    response_model=None,
)
def post_retry(
    world: TheWorld, actor: TheActor, workflow_id: WorkflowIdInPath, body: RetryIn | None = None
) -> JSONResponse:
    return JSONResponse(run_view(retry_run(world, workflow_id=workflow_id, actor=actor.name)), status_code=202)


@router.post(
    "/runs/{workflowId}/approve-plan",
    operation_id="approvePlan",
    summary="Approve the plan that a run waits with: the older form of a reply `yes`",
    status_code=202,
    responses={202: {"model": PlanApprovedOut}, **refusals(*OF_A_REPLY)},
    response_model=None,
)
def post_approve_plan(
    world: TheWorld, token: TheToken, workflow_id: WorkflowIdInPath, body: ApprovePlanIn
) -> JSONResponse:
    actor = sign_in(world, token=token, name=check_actor_name(body.approved_by), doing="approve-plan")
    answered = approve_plan(world, workflow_id=workflow_id, actor=actor, notes=body.notes)
    answer = {"accepted": True, "runId": workflow_id, "approvedAt": answered.receipt.at}
    return JSONResponse(answer, status_code=202)


@router.get(
    "/runs/{workflowId}/steps",
    operation_id="listSteps",
    summary="The recorded steps of a run",
    responses={200: {"model": list[StepOut]}, **refusals(*READING, *OF_A_RUN, "invalid-query")},
    response_model=None,
)
def get_steps(world: TheWorld, workflow_id: WorkflowIdInPath) -> JSONResponse:
    return JSONResponse([row_view(row) for row in find_steps(world, workflow_id)])


@router.get(
    "/runs/{workflowId}/artifacts",
    operation_id="listArtifacts",
    summary="What the steps of a run left behind",
    responses={200: {"model": list[ArtifactOut]}, **refusals(*READING, *OF_A_RUN, "invalid-query")},
    response_model=None,
)
def get_artifacts(world: TheWorld, workflow_id: WorkflowIdInPath) -> JSONResponse:
    return JSONResponse([row_view(row) for row in find_artifacts(world, workflow_id)])


@router.get(
    "/runs/{workflowId}/interactions",
    operation_id="listInteractions",
    summary="Every answer that was taken, in the order in which they came",
    responses={
        200: {"model": InteractionPageOut},
        **refusals(*READING, *OF_A_RUN, "invalid-query", "invalid-cursor"),
    },
    response_model=None,
)
def get_interactions(
    world: TheWorld, workflow_id: WorkflowIdInPath, limit: RowLimit = PAGE_DEFAULT, cursor: Cursor = None
) -> JSONResponse:
    page = find_interactions(world, workflow_id, limit=limit, cursor=cursor)
    return JSONResponse(page_view([interaction_view(one) for one in page.items], page.next_cursor))
