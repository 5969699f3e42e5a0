"""The risk policy in force: what a task would be taken for, and what that asks of people."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from signoff.api.answers import AssessmentOut
from signoff.api.bodies import TaskBody
from signoff.api.codes import WRITING
from signoff.api.intake import StrictRoute, TheActor
from signoff.api.openapi import refusals
from signoff.api.surface import TheWorld
from signoff.app.assess import assess
from signoff.policy.risk import to_wire

router = APIRouter(prefix="/api/policy", route_class=StrictRoute, tags=["policy"])


@router.post(
    "/assess",
    operation_id="assess",
    summary="How risky a task is, why, and whose approval it needs; nothing is written",
    responses={200: {"model": AssessmentOut}, **refusals(*WRITING, "invalid-task")},
    response_model=None,
)
def post_assess(world: TheWorld, _actor: TheActor, body: TaskBody) -> JSONResponse:
    return JSONResponse(to_wire(assess(world, body)))
