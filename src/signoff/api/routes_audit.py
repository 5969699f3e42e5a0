"""The audit trail and its signed head."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from signoff.api.answers import EntryPageOut, HeadOut
from signoff.api.codes import READING
from signoff.api.intake import StrictRoute
from signoff.api.openapi import refusals
from signoff.api.parameters import AfterSeq, RowLimit, WorkflowIdInQuery
from signoff.api.surface import TheWorld
from signoff.app.find import find_entries, find_newest_head
from signoff.app.page import PAGE_DEFAULT
from signoff.app.views import page_view
from signoff.audit import entry as entries
from signoff.audit import head as heads

router = APIRouter(prefix="/api/audit", route_class=StrictRoute, tags=["audit"])


@router.get(
    "",
    operation_id="listAuditEntries",
    summary="Entries of the audit trail, oldest first; `nextCursor` is the next page's `after`",
    responses={
        200: {"model": EntryPageOut},
        **refusals(*READING, "invalid-query", "invalid-cursor", "bad-workflow-id"),
    },
    response_model=None,
)
def get_entries(
    world: TheWorld, workflow_id: WorkflowIdInQuery = None, after: AfterSeq = 0, limit: RowLimit = PAGE_DEFAULT
) -> JSONResponse:
    page = find_entries(world, workflow_id=workflow_id, after=after, limit=limit)
    return JSONResponse(page_view([entries.to_wire(entry) for entry in page.items], page.next_cursor))


@router.get(
    "/head",
    operation_id="getAuditHead",
    summary="The newest signed head",
    responses={200: {"model": HeadOut}, **refusals(*READING, "head-not-found", "invalid-query")},
    response_model=None,
)
def get_head(world: TheWorld) -> JSONResponse:
    return JSONResponse(heads.to_wire(find_newest_head(world)))
