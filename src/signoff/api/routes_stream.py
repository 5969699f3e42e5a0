"""A run's status changes as they happen: an adjunct for screens, read from the ledger and never the truth itself."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from signoff.api.changes import RECHECK_S
from signoff.api.codes import OF_A_RUN, READING
from signoff.api.intake import StrictRoute, TheToken
from signoff.api.openapi import refusals
from signoff.api.parameters import StreamKeyInPath, WorkflowIdInPath
from signoff.api.surface import Surface, TheSurface
from signoff.app.find import find_entries, find_run
from signoff.app.page import ROWS_MAX, Page
from signoff.app.sign_in import sign_in
from signoff.app.world import World
from signoff.audit.entry import Entry, to_wire
from signoff.errors import InvalidInputError, NotFoundError, NotSignedInError
from signoff.gates.keys import GATE_KEY_PATTERN
from signoff.plans.run import FINISHED, Status

STATUS_STREAM = "status"
NDJSON_MEDIA_TYPE = "application/x-ndjson"

_LINE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "One line each: an audit entry of the run that changed its status or one of its gates.",
    "properties": {
        "seq": {"type": "integer"},
        "at": {"type": "integer"},
        "event": {"type": "string"},
        "actor": {"type": "string"},
        "status": {"type": "string", "enum": [one.value for one in Status]},
        "gateKey": {"type": "string"},
        "state": {"type": "string"},
    },
    "required": ["seq", "at", "event", "actor"],
}

router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["runs"])


@router.get(
    "/runs/{workflowId}/stream/{streamKey}",
    operation_id="streamRun",
    summary="Status changes of a run from its start, one JSON object a line, until it has ended",
    response_class=StreamingResponse,
    responses={
        200: {"content": {NDJSON_MEDIA_TYPE: {"schema": _LINE_SCHEMA}}},
        **refusals(*READING, *OF_A_RUN, "bad-stream-key", "stream-not-found", "invalid-query"),
    },
    response_model=None,
)
def get_stream(
    surface: TheSurface, token: TheToken, workflow_id: WorkflowIdInPath, stream_key: StreamKeyInPath
) -> StreamingResponse:
    _check_stream_key(stream_key)
    find_run(surface.world, workflow_id)
    if stream_key != STATUS_STREAM:
        raise NotFoundError(f"A run has no stream {stream_key}; it has {STATUS_STREAM}.", code="stream-not-found")
    return StreamingResponse(_lines(surface, token, workflow_id), media_type=NDJSON_MEDIA_TYPE)


async def _lines(surface: Surface, token: str | None, workflow_id: str) -> AsyncIterator[str]:
    """A run has ended when its last status says so: one that failed may have been retried since. Who is signed in no
    longer is told no more."""
    seen, status = 0, Status.ENQUEUED.value
    with surface.changes.listen(workflow_id) as listener:
        while True:
            try:
                page = await surface.changes.look(partial(_read_on, surface.world, token, workflow_id, seen))
            except NotSignedInError:
                return
            for entry in page.items:
                seen = entry.seq
                line = status_line(entry)
                if line is not None:
                    status = line.get("status", status)
                    yield json.dumps(line, ensure_ascii=False) + "\n"
            if page.next_cursor is not None:
                continue
            if status in FINISHED or surface.changes.is_ending:
                return
            await listener.wait(RECHECK_S)


def _read_on(world: World, token: str | None, workflow_id: str, seen: int) -> Page:
    sign_in(world, token=token)
    return find_entries(world, workflow_id=workflow_id, after=seen, limit=ROWS_MAX)


def status_line(entry: Entry) -> dict[str, Any] | None:
    """What a stream says of an audit entry; None where it changed neither the run's status nor a gate."""
    body = to_wire(entry)["body"]
    known = body if isinstance(body, dict) else {}
    line = {"seq": entry.seq, "at": entry.at, "event": entry.event, "actor": entry.actor}
    if entry.event.startswith("gate."):
        line |= {"gateKey": entry.gate_key, "state": known.get("state")}
        # The gate's own entry is all that is written when a run begins to wait.
        return line | ({"status": Status.WAITING_INPUT.value} if entry.event == "gate.opened" else {})
    if entry.event.startswith("run.") and "status" in known:
        return line | {"status": known["status"]}
    return None


def _check_stream_key(stream_key: str) -> None:
    if re.fullmatch(GATE_KEY_PATTERN, stream_key) is None:
        raise InvalidInputError(
            f"{stream_key[:80]!r} is not a stream key: it must match {GATE_KEY_PATTERN}.", code="bad-stream-key"
        )
