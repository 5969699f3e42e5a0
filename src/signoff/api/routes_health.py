"""Whether the server can do its work."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from signoff.api.answers import HealthOut
from signoff.api.codes import ALWAYS
from signoff.api.intake import StrictRoute
from signoff.api.openapi import refusals
from signoff.api.surface import TheSurface
from signoff.app.sign_in import is_open

router = APIRouter(route_class=StrictRoute, tags=["health"])


@router.get(
    "/healthz",
    operation_id="getHealth",
    summary="Whether the ledger can be read",
    responses={200: {"model": HealthOut}, **refusals(*ALWAYS)},
    response_model=None,
)
def get_health(surface: TheSurface) -> JSONResponse:
    auth = "open" if is_open(surface.world) else "tokens"
    return JSONResponse({"ok": True, "version": surface.version, "database": surface.database, "auth": auth})
