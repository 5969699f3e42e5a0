"""What the routes are given: the world, and how to wait for changes in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from signoff.api.changes import Changes
from signoff.api.ingress import Ingress
from signoff.app.world import World
from signoff.telemetry.metrics import Metrics

DatabaseName = Literal["sqlite", "postgres"]


@dataclass(frozen=True)
class Surface:
    world: World
    changes: Changes
    version: str
    database: DatabaseName
    metrics: Metrics
    ingress: Ingress | None = None


def _surface(request: Request) -> Surface:
    surface: Surface = request.app.state.surface
    return surface


def _world(request: Request) -> World:
    surface: Surface = request.app.state.surface
    return surface.world


TheSurface = Annotated[Surface, Depends(_surface)]
TheWorld = Annotated[World, Depends(_world)]
