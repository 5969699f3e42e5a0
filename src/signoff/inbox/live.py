"""Tell pages that something has changed: server-sent events that say no more than that, so that a page asks again for
what it shows, with the rights that its reader has then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from signoff.api.changes import ANY
from signoff.api.surface import Surface
from signoff.app.find import find_entries, find_newest_seq
from signoff.errors import LedgerUnavailableError, NotSignedInError, SignoffError
from signoff.gates.keys import check_workflow_id
from signoff.inbox.form import Form
from signoff.inbox.visit import HEADERS, Visit, begin_visit, recognise

#: A wake-up can be lost, and a session can end: so often a stream looks by itself.
RECHECK_S = 5.0
#: Changes that follow on one another so quickly are told as one.
SETTLE_S = 0.25

EVENT = "id: {seq}\nevent: changed\ndata: {seq}\n\n"
STILL_HERE = ": still here\n\n"

_SEQ_DIGITS_MAX = 18


async def tell_changes(request: Request, public_url: str | None) -> Response:
    """`?workflowID=` for what changes in one workflow; everything without it. `after` is the seq of the trail up to
    which the page knows; a browser that comes again says itself what it was told last."""
    workflow_id = request.query_params.get("workflowID")
    try:
        if workflow_id is not None:
            check_workflow_id(workflow_id)
        visit = await run_in_threadpool(begin_visit, request, Form(), public_url)
        await run_in_threadpool(partial(recognise, visit, is_used=False))
        _check_within_link(visit, workflow_id)
    except NotSignedInError:
        # 204 tells a browser not to come again.
        return Response(status_code=204)
    except LedgerUnavailableError:
        return Response(status_code=503)
    except SignoffError as error:
        return Response(error.message, status_code=400, media_type="text/plain")
    return StreamingResponse(_events(visit, workflow_id), media_type="text/event-stream", headers=HEADERS)


async def _events(visit: Visit, workflow_id: str | None) -> AsyncIterator[str]:
    surface: Surface = visit.surface
    seen = _told(visit)
    with surface.changes.listen(workflow_id or ANY) as listener:
        yield "retry: 2000\n\n"
        while not surface.changes.is_ending:
            try:
                newest, has_changed = await surface.changes.look(partial(_look, visit, workflow_id, seen))
            except NotSignedInError:
                # The page asks again, and is shown the sign-in.
                yield EVENT.format(seq=seen)
                return
            except LedgerUnavailableError:
                return
            if has_changed:
                yield EVENT.format(seq=newest)
                await anyio.sleep(SETTLE_S)
            else:
                yield STILL_HERE
            seen = newest
            await listener.wait(RECHECK_S)


def _told(visit: Visit) -> int:
    """The seq that the page has been told of, or was made at; without either, all that there is now."""
    asked = visit.request.headers.get("last-event-id") or visit.request.query_params.get("after") or ""
    is_seq = asked.isascii() and asked.isdecimal() and len(asked) <= _SEQ_DIGITS_MAX
    return int(asked) if is_seq else visit.seen


def _look(visit: Visit, workflow_id: str | None, seen: int) -> tuple[int, bool]:
    """The newest seq, and whether something was written since, in the workflow if one is named."""
    recognise(visit, is_used=False)
    newest = find_newest_seq(visit.world)
    if newest == seen:
        return newest, False
    return newest, bool(find_entries(visit.world, workflow_id=workflow_id, after=seen, limit=1).items)


def _check_within_link(visit: Visit, workflow_id: str | None) -> None:
    link = None if visit.signed_in is None else visit.signed_in.link
    if link is not None and link.workflow_id != workflow_id:
        raise NotSignedInError("The link that signed you in is good for one gate alone.")
