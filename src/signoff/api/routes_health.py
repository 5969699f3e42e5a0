"""Whether the server can do its work."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from signoff.api.answers import HealthOut
from signoff.api.codes import ALWAYS
from signoff.api.intake import StrictRoute
from signoff.api.openapi import refusals
from signoff.api.surface import TheSurface
from signoff.app.sign_in import is_open
from signoff.errors import LedgerUnavailableError

#: However long the ledger itself would be waited for: supervisors ask often, and wait for little.
TIMEOUT_S = 5.0

router = APIRouter(route_class=StrictRoute, tags=["health"])


@router.get(
    "/healthz",
    operation_id="getHealth",
    summary="Whether the ledger can be read",
    responses={200: {"model": HealthOut}, **refusals(*ALWAYS)},
    response_model=None,
)
async def get_health(surface: TheSurface) -> JSONResponse:
    auth = "open" if await _within_time(partial(is_open, surface.world)) else "tokens"
    return JSONResponse({"ok": True, "version": surface.version, "database": surface.database, "auth": auth})


async def _within_time(look: Callable[[], bool]) -> bool:
    """In a thread of its own: those of the others may all be waiting for the ledger."""
    try:
        with anyio.fail_after(TIMEOUT_S):
            return await to_thread.run_sync(look, limiter=CapacityLimiter(1), abandon_on_cancel=True)
    except TimeoutError:
        raise LedgerUnavailableError(f"The ledger has not answered for {TIMEOUT_S:g} s.") from None
