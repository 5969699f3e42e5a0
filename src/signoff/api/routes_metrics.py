"""Figures for whoever watches over a signoff: in Prometheus's text, or in that of OpenMetrics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from signoff.api.codes import READING
from signoff.api.intake import StrictRoute
from signoff.api.openapi import refusals
from signoff.api.surface import TheSurface

router = APIRouter(route_class=StrictRoute, tags=["health"])


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Metrics, in Prometheus's text format or, where `Accept` asks for it, in that of OpenMetrics",
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **refusals(*READING, "invalid-query"),
    },
    response_class=Response,
)
def get_metrics(surface: TheSurface, request: Request) -> Response:
    body, media_type = surface.metrics.tell(request.headers.get("accept", ""))
    return Response(body, headers={"content-type": media_type, "cache-control": "no-store"})
